import CofferStore

/// The values that templates are filled with: what the caller gives, else a parameter's default, else a base URL.
struct TemplateValues {
    struct Value {
        let bytes: SecretBuffer
        /// Stands for a secret in a preview, and is written as it is.
        var isMask = false
    }

    fileprivate let provider: Provider
    private let given: [String: Value]

    /// - Throws: names a parameter whose value is not what it must be.
    init(_ provider: Provider, _ values: [String: SecretBuffer]) throws(ProviderError) {
        self.provider = provider
        given = values.filter { $0.value.count > 0 }.mapValues { Value(bytes: $0) }
        for parameter in provider.parameters {
            guard let value = given[parameter.name] else { continue }
            guard let text = String(validating: value.bytes.bytes, as: UTF8.self) else {
                throw ProviderError(parameter.name, "is not valid UTF-8")
            }
            try parameter.check(text)
        }
    }

    /// For previews: all that is secret is there, as `***`.
    init(previewing provider: Provider, _ values: [String: String]) throws(ProviderError) {
        var shown = values.filter { !provider.isSecret($0.key) && !$0.value.isEmpty }
        for (name, text) in shown { try provider.parameter(name)?.check(text) }
        for name in Provider.loginFields where shown[name] == nil { shown[name] = "<\(name)>" }
        var all = shown.mapValues { Value(bytes: SecretBuffer(Array($0.utf8))) }
        let secrets = Provider.tokenKinds.union(["password"]).union(provider.parameters.filter(\.isSecret).map(\.name))
        for name in secrets { all[name] = Value(bytes: SecretBuffer(Array("***".utf8)), isMask: true) }
        for parameter in provider.parameters where !parameter.isSecret && parameter.isRequired && all[parameter.name] == nil {
            all[parameter.name] = Value(bytes: SecretBuffer(Array("<\(parameter.name)>".utf8)), isMask: true)
        }
        self.provider = provider
        given = all
    }

    subscript(name: String) -> Value? {
        if let base = provider.bases[name] { return Value(bytes: SecretBuffer(Array(base.utf8))) }
        if let value = given[name] { return value }
        guard let byDefault = provider.parameter(name)?.default, !byDefault.isEmpty else { return nil }
        return Value(bytes: SecretBuffer(Array(byDefault.utf8)))
    }

    /// What conditions compare: the parameters' texts.
    func text(_ name: String) -> String? {
        guard let value = self[name], !value.isMask else { return nil }
        return String(validating: value.bytes.bytes, as: UTF8.self)
    }

    /// Whether a form or JSON member that names this value may be left out without it.
    func mayBeMissing(_ name: String) -> Bool { provider.parameter(name).map { !$0.isRequired } ?? false }

    /// Values that the caller gave, of those named.
    func used(_ names: Set<String>) -> [SecretBuffer] { names.compactMap { given[$0]?.bytes } }

    var parameterTexts: [String: String] {
        var texts: [String: String] = [:]
        for parameter in provider.parameters { texts[parameter.name] = text(parameter.name) }
        return texts
    }
}

extension TemplateValues {
    /// Whether the value stands in JSON without quotes.
    func isBare(_ name: String) -> Bool {
        switch provider.parameter(name)?.kind {
        case .integer, .boolean: true
        default: false
        }
    }
}
