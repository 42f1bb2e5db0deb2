import CofferStore

/// A request, rendered and checked, ready to be sent once.
public struct PreparedCall: Sendable {
    public let provider: String
    public let step: ProviderStep
    /// What a second dial with the same token may do, by the values of this call.
    public let replay: Replay
    public let method: String
    public let url: SecretBuffer
    /// One `Name: value` each.
    public let headers: [SecretBuffer]
    public let body: SecretBuffer?
    /// Normalised; nil: a direct connection.
    public let proxy: SecretBuffer?
    public let rules: AddressRules

    /// Whether the URL names a loopback address or `localhost` itself.
    let namesLoopback: Bool
    /// What must not be in texts for people: all values that were put into the request.
    let sent: [SecretBuffer]
    /// Rules of the provider, tried after the step's own.
    let providerRules: [AnswerRule]
    let errors: ErrorPointers
}

/// A request for people's eyes: secrets are `***`.
public struct RequestPreview: Equatable, Sendable {
    public struct Header: Equatable, Sendable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public let method: String
    public let url: String
    public let headers: [Header]
    public let body: String?
}
