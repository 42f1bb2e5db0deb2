/// What `/health` and `/metrics` show; given by the daemon.
public protocol HealthSource: Sendable {
    /// Every dependency; `problem` is `nil` where it works. No secrets, no names of secrets: whoever reaches the address reads it.
    func health() async -> [(name: String, problem: String?)]
    func metrics() async -> [Metric]
}

/// One family of numbers.
public struct Metric: Sendable {
    public enum Kind: String, Sendable {
        case counter
        case gauge
    }

    public struct Sample: Sendable {
        public var labels: [(String, String)]
        public var value: Double

        public init(labels: [(String, String)] = [], value: Double) {
            self.labels = labels
            self.value = value
        }
    }

    /// Letters, digits and `_`, not beginning with a digit; a family with another name is left out.
    public var name: String
    public var help: String
    public var kind: Kind
    public var samples: [Sample]

    public init(name: String, help: String, kind: Kind, samples: [Sample]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }
}
