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
        if lengthSize == 2 {
            encoder.u16(UInt16(truncatingIfNeeded: secret.count))
        } else {
            encoder.u32(UInt32(truncatingIfNeeded: secret.count))
        }
        count += encoder.bytes.count + secret.count
        segments.append(Segment(head: encoder.bytes, secret: secret))
    }

    func append(to output: WipingBuffer) {
        for segment in segments {
            output.append(segment.head)
            segment.secret?.withUnsafeBytes { output.append($0) }
        }
    }
}
