import CofferStore
import Yams

/// Reads policy files: YAML, one policy for each document.
///
///     policy: payments
///     rules:
///       - who: [uid:1001, [unit:web.service, gid:100]]
///         tenant: main
///         noun: secret
///         actions: [get, info]
///         names: ["payments/**", "shared/*/token"]
public enum PolicySource {
    /// - Parameters:
    ///   - directory: resolves account and group names, now and never again.
    ///   - machine: what this machine can tell about callers, for the report.
    ///   - tenant: the number of a tenant; nil when there is none of this name.
    /// - Returns: all policies of the file, or everything that is wrong with it.
    public static func parse(
        _ bytes: [UInt8], directory: any AccountDirectory, machine: MachineFacts = .current(),
        tenant: @escaping (String) -> TenantID?
    ) -> Result<[ParsedPolicy], PolicyErrors> {
        if let error = PolicyText.check(bytes) { return .failure(PolicyErrors([error])) }
        return RoomyThread.run { parseChecked(bytes, directory, machine, tenant) }
            ?? .failure(PolicyErrors([PolicyError(line: 1, message: "there is no memory to read the file")]))
    }

    private static func parseChecked(
        _ bytes: [UInt8], _ directory: any AccountDirectory, _ machine: MachineFacts, _ tenant: @escaping (String) -> TenantID?
    ) -> Result<[ParsedPolicy], PolicyErrors> {
        var policies: [ParsedPolicy] = []
        var errors: [PolicyError] = []
        var lines: [[UInt8]: Int] = [:]
        for document in PolicyText.documents(bytes) {
            let expensive = PolicyText.expensive(document)
            errors += expensive
            guard expensive.isEmpty else { continue }
            let node: Node
            do {
                // No resolver: every scalar is its text, whatever YAML takes `on` or `0x10` for.
                guard let found = try Parser(yaml: document.text, resolver: .basic, encoding: .utf8).singleRoot() else { continue }
                node = found
            } catch {
                errors.append(Self.error(error, document))
                continue
            }
            var reader = PolicyReader(linesBefore: document.linesBefore, directory: directory, machine: machine, tenant: tenant)
            let policy = reader.read(node, source: Array(document.text.utf8))
            errors += reader.errors
            guard let policy else { continue }
            if let first = lines[policy.name] {
                let name = SelectorError.short(String(decoding: policy.name, as: UTF8.self))
                errors.append(PolicyError(line: policy.line, message: "policy '\(name)' already stands in line \(first)"))
            } else {
                lines[policy.name] = policy.line
                policies.append(policy)
            }
        }
        if errors.isEmpty && policies.isEmpty { errors.append(PolicyError(line: 1, message: "there is no policy in this file")) }
        return errors.isEmpty ? .success(policies) : .failure(PolicyErrors(errors))
    }

    /// The parser's words with our line number; without its copy of the source.
    private static func error(_ error: any Error, _ document: PolicyText.Document) -> PolicyError {
        let first = document.linesBefore + 1
        guard let error = error as? YamlError else { return PolicyError(line: first, message: "not valid YAML") }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let isAlias = (context?.text ?? "").contains("alias") || problem.contains("alias")
            let message = isAlias
                ? "'*' at the beginning means an alias in YAML; write the pattern in quotes"
                : "not valid YAML: \(SelectorError.short(problem))"
            return PolicyError(line: document.linesBefore + mark.line, message: message)
        case .duplicatedKeysInMapping(let keys, let context):
            let list = keys.map { "'\(SelectorError.short($0))'" }.joined(separator: ", ")
            return PolicyError(line: document.linesBefore + context.mark.line, message: "twice in one mapping: \(list)")
        default:
            return PolicyError(line: first, message: "not valid YAML")
        }
    }
}
