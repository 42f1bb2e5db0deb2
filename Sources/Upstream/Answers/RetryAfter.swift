import CCurl

/// When an upstream wants to be asked again.
enum RetryAfter {
    /// One second to one day, in milliseconds: what is shorter hammers, what is longer is not believed.
    static let limits: ClosedRange<UInt64> = 1_000...86_400_000

    static func clamped(seconds: Double) -> UInt64? {
        guard seconds.isFinite else { return nil }
        return UInt64(min(max(seconds * 1_000, Double(limits.lowerBound)), Double(limits.upperBound)))
    }

    /// The header's text: seconds or an HTTP date (RFC 9110 10.2.3). Milliseconds from now; nil: neither.
    static func read(_ text: String, now: UInt64) -> UInt64? {
        let text = text.trimmingBlanks()
        if !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Double(text) {
            return clamped(seconds: seconds)
        }
        guard text.utf8.count <= 64 else { return nil }
        let time = curl_getdate(text, nil)
        return time < 0 ? nil : clamped(seconds: Double(time) - Double(now) / 1_000)
    }
}

extension String {
    func trimmingBlanks() -> String {
        var text = self[...]
        while text.first == " " || text.first == "\t" { text = text.dropFirst() }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return String(text)
    }
}
