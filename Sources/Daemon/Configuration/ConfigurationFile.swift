import CofferStore
import Glibc
import Yams

/// Everything that is wrong with the configuration, at once.
public struct ConfigurationErrors: Error, CustomStringConvertible, Sendable {
    public let messages: [String]
    public var description: String { messages.joined(separator: "\n") }
}

/// The configuration file: a YAML mapping of settings to plain values. Checked on nodes, so that each complaint has its line.
struct ConfigurationFile {
    private static let largest = 64 << 10

    var values: [SettingKey: String] = [:]
    /// The `http` section; empty where there is none.
    var http = HTTPConfiguration()
    /// The `upstream` section.
    var upstream = UpstreamConfiguration()
    /// The `rekey` section.
    var rekey = RekeyOptions()
    /// The `backups` section.
    var backups = BackupConfiguration()
    /// The `scrub` section.
    var scrub = ScrubConfiguration()
    /// The `audit` section.
    var audit = AuditConfiguration()

    /// - Parameter required: whether a missing file is an error.
    static func read(_ path: String, required: Bool) throws(ConfigurationErrors) -> ConfigurationFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT && !required { return ConfigurationFile() }
            throw ConfigurationErrors(messages: ["\(path): \(String(cString: strerror(errno)))"])
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: largest + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            guard got >= 0 else { throw ConfigurationErrors(messages: ["\(path): \(String(cString: strerror(errno)))"]) }
            if got == 0 { break }
            count += got
        }
        guard count <= largest else { throw ConfigurationErrors(messages: ["\(path): the file is larger than \(largest >> 10) KiB"]) }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw ConfigurationErrors(messages: ["\(path): the file is not valid UTF-8"])
        }
        return try parse(text, path: path)
    }

    static func parse(_ text: String, path: String) throws(ConfigurationErrors) -> ConfigurationFile {
        var messages: [String] = []
        var root: Node?
        do {
            let (unique, doubles) = withoutDoubles(text)
            messages = doubles.map { "\(path):\($0.line): '\(String($0.name.prefix(60)))' is set twice; it stands in line \($0.first) already" }
            root = try Parser(yaml: unique, resolver: .basic, encoding: .utf8).singleRoot()
        } catch {
            throw ConfigurationErrors(messages: messages + ["\(path)\(explain(error))"])
        }
        guard let root else {
            if messages.isEmpty { return ConfigurationFile() }
            throw ConfigurationErrors(messages: messages)
        }
        guard let mapping = root.mapping else {
            // A file of comments only is an empty scalar to YAML.
            if root.scalar?.string.isEmpty == true { return ConfigurationFile() }
            throw ConfigurationErrors(messages: ["\(path):\(line(root)): the file must be a mapping of settings to values"])
        }
        var file = ConfigurationFile()
        for (keyNode, valueNode) in mapping {
            let place = "\(path):\(line(keyNode))"
            if let section = keyNode.scalar?.string, let errors = file.take(section, valueNode, path: path) {
                messages += errors
                continue
            }
            guard let name = keyNode.scalar?.string, let key = SettingKey(rawValue: name) else {
                let known = (SettingKey.allCases.map(\.rawValue) + sections).joined(separator: ", ")
                messages.append("\(place): unknown setting '\(String((keyNode.scalar?.string ?? "?").prefix(60)))'; known are \(known)")
                continue
            }
            guard let value = valueNode.scalar?.string else {
                messages.append("\(place): '\(name)' must have a plain value")
                continue
            }
            if let objection = key.objection(to: value) {
                messages.append("\(place): '\(name)' \(objection)")
            } else {
                file.values[key] = value
            }
        }
        guard messages.isEmpty else { throw ConfigurationErrors(messages: messages) }
        return file
    }

    private static let sections = ["http", "upstream", "backups", "scrub", "audit", "rekey"]

    /// Reads a section into its place.
    /// - Returns: what is wrong in it; `nil`: there is no section of that name.
    private mutating func take(_ section: String, _ node: Node, path: String) -> [String]? {
        let errors: [String]
        switch section {
        case "http": (http, errors) = HTTPSection.read(node, path: path)
        case "upstream": (upstream, errors) = UpstreamSection.read(node, path: path)
        case "backups": (backups, errors) = BackupSection.read(node, path: path)
        case "scrub": (scrub, errors) = ScrubSection.read(node, path: path)
        case "audit": (audit, errors) = AuditSection.read(node, path: path)
        case "rekey": (rekey, errors) = RekeySection.read(node, path: path)
        default: return nil
        }
        return errors
    }

    /// The text without settings that come a second time (their lines stay, empty): the parser stops at one, and everything else that is
    /// wrong is to be said as well.
    private static func withoutDoubles(_ text: String) -> (text: String, doubles: [(line: Int, name: String, first: Int)]) {
        var first: [Substring: Int] = [:]
        var doubles: [(line: Int, name: String, first: Int)] = []
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let name = line.prefix { $0.isLetter || $0 == "_" }
            guard !name.isEmpty, line.dropFirst(name.count).first == ":" else { continue }
            if let earlier = first[name] {
                doubles.append((index + 1, String(name), earlier))
                lines[index] = ""
            } else {
                first[name] = index + 1
            }
        }
        return (lines.joined(separator: "\n"), doubles)
    }

    private static func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

    private static func explain(_ error: any Error) -> String {
        guard let error = error as? YamlError else { return ": not valid YAML" }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return ":\(mark.line): not valid YAML: \(problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            return ":\(context.mark.line): set twice: \(keys.map { String("\($0)".prefix(60)) }.joined(separator: ", "))"
        default: return ": not valid YAML"
        }
    }
}
