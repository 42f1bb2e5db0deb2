import CofferStore
import CofferUpstream

func secret(_ text: String) -> SecretBuffer { SecretBuffer(Array(text.utf8)) }

func text(_ secret: SecretBuffer?) -> String? { secret.map { String(decoding: $0.bytes, as: UTF8.self) } }

func secrets(_ texts: [String: String]) -> [String: SecretBuffer] { texts.mapValues(secret) }

/// Any 64 or more characters: long enough for every rule about lengths.
let longToken = String(repeating: "eyJhbGciOi", count: 50)

enum Samples {
    /// One step `call` with these lines; parameters `url`, `opt`, `flag`, `number`, `mode`.
    static func provider(_ lines: String, top: String = "") throws -> Provider {
        try Provider.read(source(lines, top: top))
    }

    static func source(_ lines: String, top: String = "") -> String {
        let indented = lines.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }.joined(separator: "\n")
        return """
            provider: sample
            parameters:
              url: { type: url }
              opt: {}
              key: { secret: true }
              flag: { type: boolean, default: "false" }
              number: { type: integer }
              mode: { default: body, choices: [body, basic] }
            \(top)
            steps:
              - name: call
            \(indented)
            """
    }

    static func call(_ lines: String, _ values: [String: String], top: String = "", proxy: String? = nil, rules: AddressRules = .standard) throws -> PreparedCall {
        let provider = try provider(lines, top: top)
        guard let step = provider.step("call") else { throw TestServerError() }
        return try provider.prepare(step, values: secrets(values), proxy: proxy.map(secret), rules: rules)
    }

    static func builtIn(
        _ name: String, _ step: String, _ values: [String: String], bases: [String: String] = [:], proxy: String? = nil
    ) throws -> PreparedCall {
        guard let provider = try Provider.builtIn(name)?.replacing(bases: bases), let step = provider.step(step) else { throw TestServerError() }
        return try provider.prepare(step, values: secrets(values), proxy: proxy.map(secret))
    }
}
