import CofferWire

/// What can name a secret: a `String` or `Substring`, whose UTF-8 is the name, or the bytes themselves.
///
/// A name has 1 to 512 bytes, in segments of at most 255 between slashes. A prefix may be empty.
public protocol SecretNaming: Sendable {
    /// The bytes of the name.
    var secretNameBytes: [UInt8] { get }
}

extension String: SecretNaming {
    /// The UTF-8 of the text.
    public var secretNameBytes: [UInt8] { Array(utf8) }
}

extension Substring: SecretNaming {
    /// The UTF-8 of the text.
    public var secretNameBytes: [UInt8] { Array(utf8) }
}

extension Array: SecretNaming where Element == UInt8 {
    /// The bytes themselves.
    public var secretNameBytes: [UInt8] { self }
}

extension SecretNaming {
    /// The bytes, within the limits of a name.
    func checkedName() throws(ClientError) -> [UInt8] {
        let bytes = secretNameBytes
        guard !bytes.isEmpty else { throw ClientError(.invalidArgument, "a name is empty") }
        return try Self.limited(bytes)
    }

    /// The bytes, within the limits of a prefix.
    func checkedPrefix() throws(ClientError) -> [UInt8] { try Self.limited(secretNameBytes) }

    private static func limited(_ bytes: [UInt8]) throws(ClientError) -> [UInt8] {
        guard bytes.count <= Limits.secretName else {
            throw ClientError(.invalidArgument, "a name has \(bytes.count) bytes, more than \(Limits.secretName)")
        }
        return bytes
    }
}
