import CofferStore

/// What a door renders into a file: the content `renderer:NAME` of a sink.
public protocol SinkRenderer: Sendable {
    /// 1 to 64 bytes: `tokenstool-tokens`.
    var name: String { get }
    /// The whole file. On the sinks' own thread: may read the store and block. The buffer is wiped when it is released.
    func render(_ sink: Sink) throws(CredentialError) -> SecretBuffer
}
