import CSodium

/// What of the bytes that a client sent can be a key.
///
/// `sk-KEY`, `KEY` and `sk-KEY-CHANNEL` are the same key of form sk (new-api looks up what stands in front of the first `-`; only there is
/// the rest ignored). `ragflow-…` and `ck_…` are taken whole. 32 bytes may be a beta as well.
struct PresentedKey {
    let key: UnsafeRawBufferPointer
    /// Empty: cannot be one.
    let beta: UnsafeRawBufferPointer

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty, bytes.count <= APIKeyLimits.presented else { return nil }
        beta = bytes.count == APIKeyLimits.beta ? bytes : .init(start: nil, count: 0)
        if Self.begins(bytes, with: "ragflow-") || Self.begins(bytes, with: "ck_") {
            key = bytes
        } else {
            let body = Self.begins(bytes, with: "sk-") ? UnsafeRawBufferPointer(rebasing: bytes[3...]) : bytes
            var end = 0
            while end < body.count, body[end] != UInt8(ascii: "-") { end += 1 }
            key = UnsafeRawBufferPointer(rebasing: body[..<end])
        }
    }

    @inline(__always)
    private static func begins(_ bytes: UnsafeRawBufferPointer, with prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard bytes.count >= count else { return false }
        let letters = prefix.utf8Start
        for index in 0..<count where bytes[index] != letters[index] { return false }
        return true
    }
}
