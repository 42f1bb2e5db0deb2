/// One call to an upstream: its request as templates, and how its answer is read.
public struct ProviderStep: Sendable {
    /// 1 to 64 of `[a-z0-9-]`, unique within the provider.
    public let name: String
    public let purpose: StepPurpose
    /// Names of values that must be there: tokens, login fields, parameters. Without optional ones and ones with a default.
    public internal(set) var needs: Set<String>
    /// Token kinds that it takes out of an answer.
    public let gives: Set<String>
    /// decisions 15: the cheapest way to a live token is taken; a login costs 100, an exchange 0.
    public let cost: UInt32
    /// Of the whole call, in milliseconds, 1,000 to 120,000.
    public let timeout: UInt32
    /// The token kind that this step presents and that a verdict is about; nil: none.
    public let consumes: String?

    /// All names in its templates.
    let names: Set<String>
    let replayRule: ReplayRule
    let conditions: [ParameterCondition]
    let request: RequestTemplate
    let answer: AnswerDescription

    /// Whether a second dial with the same token is allowed. `values` are the parameters' texts; missing ones count as
    /// their defaults, and what cannot be read as ``Replay/never``.
    public func replay(_ values: [String: String]) -> Replay {
        switch replayRule {
        case .fixed(let replay): return replay
        case .parameter(let name, let byDefault):
            let given = values[name] ?? ""
            return Replay(given.isEmpty ? byDefault : given) ?? .never
        }
    }

    /// Whether the step's own conditions on parameters hold (``Provider/route(to:available:parameters:avoiding:allowsLogin:)``
    /// looks at them; a step called by its name is called anyway).
    public func isOffered(_ parameters: [String: String]) -> Bool {
        conditions.allSatisfy { $0.holds { name in parameters[name] } }
    }
}

/// Where ``ProviderStep/replay(_:)`` comes from.
enum ReplayRule: Equatable, Sendable {
    case fixed(Replay)
    case parameter(String, default: String)
}

/// `when: { client_auth: basic }`: one parameter and the texts that it may have.
struct ParameterCondition: Equatable, Sendable {
    let parameter: String
    let texts: [String]
    /// What counts where no value is given.
    let byDefault: String

    func holds(_ value: (String) -> String?) -> Bool {
        let given = value(parameter) ?? ""
        return texts.contains(given.isEmpty ? byDefault : given)
    }
}
