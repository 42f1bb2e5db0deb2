import CofferWire

/// A token that lives, and what belongs to it.
public struct LiveToken: Sendable {
    /// 1 to 65,536 bytes.
    public let value: SecretBytes
    /// `access`, `share`, …
    public let kind: String
    /// Unix milliseconds at which it ends; 0: nobody knows.
    public let expires: UInt64
    /// The revision of the store that wrote it; ``TokenChange/tokenRevision`` says whether it is still the present one.
    public let revision: UInt64
    /// The credential's number; 0: the pool's own token.
    public let number: UInt64
    /// The credential's name; empty: the pool's own token.
    public let name: String
    /// For ``CofferClient/report(_:lease:retryAfter:timeout:)``; `nil`: no pool was asked.
    public let lease: Bytes16?

    /// Decodes a ``TokenResponse`` without a copy of the value in memory that is not wiped.
    init(from decoder: inout WireDecoder) throws(WireError) {
        expires = try decoder.u64("expires")
        revision = try decoder.u64("revision")
        number = try decoder.u64("number")
        let lease = Array(try decoder.slice8("lease", limit: Limits.lease))
        self.lease = Bytes16(lease)
        guard lease.isEmpty || self.lease != nil else { throw .truncated("lease") }
        kind = try decoder.text("kind", limit: Limits.tokenKind, minimum: 1)
        name = try decoder.text("name", limit: Limits.otherName)
        let value = try decoder.slice32("value", limit: Limits.token)
        guard !value.isEmpty else { throw .truncated("value") }
        self.value = SecretBytes(copying: value)
    }
}

/// What became of an act: the record as it is now, and what there is to say.
public struct ActResult: Sendable {
    public let record: Record
    /// One sentence for people.
    public let result: String
    /// The same for programs, by names that protocol.md, "Acts", lists.
    public let details: [RecordField]
    /// What was asked to be shown; `nil`: nothing was.
    public let secret: SecretBytes?

    public subscript(detail: String) -> String? { details.first { $0.name == detail }?.value }

    /// Decodes a ``CredentialActResponse`` without a copy of the secret in memory that is not wiped.
    init(from decoder: inout WireDecoder) throws(WireError) {
        record = try Record(from: &decoder)
        result = try decoder.text("result", limit: Limits.actResult)
        details = try RecordField.list(from: &decoder, "details")
        let secret = try decoder.slice32("secret", limit: Limits.recordSecret)
        self.secret = secret.isEmpty ? nil : SecretBytes(copying: secret)
    }
}
