import CofferUpstream
import Yams

/// The `upstream` section of the configuration file: what calls to providers may reach, and where.
struct UpstreamConfiguration: Sendable, Equatable {
    /// Networks and addresses beyond the public ones that calls may go to, as given.
    var allow: [String] = []
    /// Absolute path of a PEM file with the authorities to trust; empty: those of the system.
    var authorities = ""
    /// URLs that replace a provider's own, by provider and name (decisions 22).
    var providers: [String: [String: String]] = [:]
}

/// Reads the `upstream` section (docs/configuration.md, "Upstream").
enum UpstreamSection {
    private static let mostProviders = 100

    /// - Returns: the section, and everything that is wrong with it.
    static func read(_ node: Node, path: String) -> (configuration: UpstreamConfiguration, messages: [String]) {
        var result = UpstreamConfiguration()
        var section = SectionReader(node, name: "upstream", path: path)
        result.allow = section.texts("allow") ?? []
        do throws(ProviderError) { _ = try AddressRules(allowed: result.allow) } catch {
            section.fail(section.line("allow"), "allow", error.message)
        }
        result.authorities = section.absolutePath("ca_file") ?? ""
        if let (node, line) = section.node("providers") { result.providers = providers(node, line, in: &section) }
        section.finish()
        return (result, section.messages)
    }

    /// `providers: { openai: { auth: "http://127.0.0.1:9" } }`
    private static func providers(_ node: Node, _ line: Int, in section: inout SectionReader) -> [String: [String: String]] {
        guard let mapping = node.mapping, mapping.count <= mostProviders else {
            section.fail(line, "providers", "must be a mapping of at most \(mostProviders) providers' names to URLs by name")
            return [:]
        }
        var result: [String: [String: String]] = [:]
        for (keyNode, valueNode) in mapping {
            let line = keyNode.mark?.line ?? line
            guard let name = keyNode.scalar?.string, (1...64).contains(name.utf8.count) else {
                section.fail(line, "providers", "has a name that is empty or longer than 64 bytes")
                continue
            }
            let bases = urls(valueNode, line, "providers.\(name)", in: &section)
            // What is applied from a file lies in the store, and its URLs are not known here.
            if let provider = Provider.builtIn.first(where: { $0.name == name }) {
                do throws(ProviderErrors) { _ = try provider.replacing(bases: bases) } catch {
                    for problem in error.errors { section.fail(line, "providers.\(name)", problem.message) }
                }
            }
            result[name] = bases
        }
        return result
    }

    private static func urls(_ node: Node, _ line: Int, _ name: String, in section: inout SectionReader) -> [String: String] {
        guard let mapping = node.mapping, mapping.count <= mostProviders else {
            section.fail(line, name, "must be a mapping of names to URLs")
            return [:]
        }
        var result: [String: String] = [:]
        for (keyNode, valueNode) in mapping {
            guard let key = keyNode.scalar?.string, let url = valueNode.scalar?.string, !key.isEmpty, url.utf8.count <= 2_048,
                url.hasPrefix("http://") || url.hasPrefix("https://")
            else {
                section.fail(keyNode.mark?.line ?? line, name, "must have an http:// or https:// URL behind each name")
                continue
            }
            result[key] = url
        }
        return result
    }
}
