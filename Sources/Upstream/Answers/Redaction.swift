import CofferStore

/// Makes an upstream's own words fit for logs: what was sent or received is cut out, since some upstreams echo it.
enum Redaction {
    /// Shorter values (`true`, `web`) are no secrets that a text could give away.
    static let shortestValue = 8
    /// Of a longer value already a part of so many bytes is cut: upstreams also echo the beginning of a token.
    static let window = 12

    /// At most `limit` bytes of the text, on one line.
    static func clean(_ text: String, hiding values: [SecretBuffer], limit: Int) -> String {
        // Cut only generously before the search: a value that is cut in two would not be found.
        var bytes = Array(text.utf8.prefix(limit * 2 + 4_096))
        var isHidden = [Bool](repeating: false, count: bytes.count)
        for value in values where value.count >= shortestValue {
            ByteSearch.mark(value.bytes, min(value.count, window), in: bytes, &isHidden)
            // An echo may be in the form in which the value was sent.
            let encoded = WipedBytes()
            guard (try? ValueEncoding.form.write(value.bytes, to: encoded)) != nil, encoded.count > value.count else { continue }
            ByteSearch.mark(encoded.bytes, min(encoded.count, window), in: bytes, &isHidden)
        }
        var result: [UInt8] = []
        var wasHidden = false
        for (index, byte) in bytes.enumerated() {
            if isHidden[index] {
                if !wasHidden { result += "***".utf8 }
            } else {
                result.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte)
            }
            wasHidden = isHidden[index]
        }
        for index in bytes.indices { bytes[index] = 0 }
        return shortened(String(decoding: result, as: UTF8.self), limit)
    }

    /// At most `limit` bytes, cut between characters.
    static func shortened(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var result = ""
        var length = 0
        for character in text {
            length += character.utf8.count
            if length > limit - 3 { break }
            result.append(character)
        }
        return result + "…"
    }
}
