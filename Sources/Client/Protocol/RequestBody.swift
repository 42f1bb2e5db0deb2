import CofferWire

/// The body of a frame that the client sends: encoded fields, and secrets that stay in their own memory until they
/// are copied into the output, which is wiped.
struct RequestBody: Sendable {
    /// Encoded fields, and the secret behind them.
    private struct Segment: Sendable {
        /// Everything in front of the secret, its length included.
        var head: [UInt8]
        var secret: SecretBytes?
    }

    private var segments: [Segment]
    /// Bytes of the whole body.
    private(set) var count: Int

    init(_ message: some WireMessage) {
        let head = message.encoded()
        segments = [Segment(head: head, secret: nil)]
        count = head.count
    }

    /// A message whose last field is a secret behind a length of `lengthSize` bytes (2 or 4); `message` carries
    /// that field empty.
    init(_ message: some WireMessage, endingIn secret: SecretBytes, lengthSize: Int) {
        segments = []
        count = 0
        append(message, endingIn: secret, lengthSize: lengthSize, prefix: [])
    }

    /// A message with a secret in front of its last `tail` bytes, behind a length of `lengthSize` bytes (2 or 4); `message` carries
    /// that field empty.
    init(_ message: some WireMessage, secret: SecretBytes, lengthSize: Int, tail: Int) {
        self.init(encoded: message.encoded(), secret: secret, lengthSize: lengthSize, tail: tail)
    }

    /// A message whose first field is a secret behind a length of two bytes; `message` carries that field empty.
    init(_ message: some WireMessage, beginningWith secret: SecretBytes) {
        let encoded = message.encoded()
        self.init(encoded: encoded, secret: secret, lengthSize: 2, tail: encoded.count - 2)
    }

    private init(encoded: [UInt8], secret: SecretBytes, lengthSize: Int, tail: Int) {
        var head = WireEncoder()
        head.raw(encoded.dropLast(tail + lengthSize))
        Self.encode(count: secret.count, lengthSize, &head)
        segments = [Segment(head: head.bytes, secret: secret), Segment(head: Array(encoded.suffix(tail)), secret: nil)]
        count = head.bytes.count + secret.count + tail
    }

    /// A change of the root key. The kept slots carry their secrets apart.
    init(dropped: [UInt32], kept: [(id: UInt32, kind: SlotKind, secret: SecretBytes)]) {
        segments = []
        count = 0
        var prefix = WireEncoder()
        prefix.raw(RekeyRootRequest(dropped: dropped, kept: []).encoded().dropLast(2))
        prefix.u16(UInt16(truncatingIfNeeded: kept.count))
        for slot in kept {
            append(
                RekeyRootRequest.Kept(id: slot.id, kind: slot.kind, secret: []), endingIn: slot.secret, lengthSize: 2, prefix: prefix.bytes)
            prefix.bytes = []
        }
        count += prefix.bytes.count
        segments.append(Segment(head: prefix.bytes, secret: nil))
    }

    /// A chunk of an import of accounts. The secrets are copied to memory that is wiped.
    /// - Parameter message: what stands in front of the rows; it ends in a count of none.
    init(rows: [AccountRow], behind message: CredentialImportRequest? = nil) {
        segments = []
        count = 0
        var head = WireEncoder()
        if let message {
            head.raw(message.encoded().dropLast(2))
        }
        head.u16(UInt16(truncatingIfNeeded: rows.count))
        for row in rows {
            AccountRow(origin: row.origin, noun: row.noun, fields: row.fields).encode(to: &head)
            // The count of secrets, of which that row had none.
            head.bytes.removeLast(2)
            head.u16(UInt16(truncatingIfNeeded: row.secrets.count))
            for secret in row.secrets {
                head.text(secret.name)
                head.u32(UInt32(truncatingIfNeeded: secret.value.count))
                count += head.bytes.count + secret.value.count
                segments.append(Segment(head: head.bytes, secret: SecretBytes(secret.value)))
                head.bytes = []
            }
        }
        count += head.bytes.count
        segments.append(Segment(head: head.bytes, secret: nil))
    }

    /// A chunk of an import. The entries carry their values apart.
    init(chunk entries: some Collection<(entry: TransferEntry, value: SecretBytes)>) {
        segments = []
        count = 0
        var prefix = WireEncoder()
        prefix.u16(UInt16(truncatingIfNeeded: entries.count))
        for (entry, value) in entries {
            append(entry, endingIn: value, lengthSize: 4, prefix: prefix.bytes)
            prefix.bytes = []
        }
    }

    private mutating func append(
        _ message: some WireMessage, endingIn secret: SecretBytes, lengthSize: Int, prefix: [UInt8]
    ) {
        var encoder = WireEncoder()
        encoder.raw(prefix)
        message.encode(to: &encoder)
        encoder.bytes.removeLast(lengthSize)
        Self.encode(count: secret.count, lengthSize, &encoder)
        count += encoder.bytes.count + secret.count
        segments.append(Segment(head: encoder.bytes, secret: secret))
    }

    private static func encode(count: Int, _ lengthSize: Int, _ encoder: inout WireEncoder) {
        if lengthSize == 2 {
            encoder.u16(UInt16(truncatingIfNeeded: count))
        } else {
            encoder.u32(UInt32(truncatingIfNeeded: count))
        }
    }

    func append(to output: WipingBuffer) {
        for segment in segments {
            output.append(segment.head)
            segment.secret?.withUnsafeBytes { output.append($0) }
        }
    }
}
