import Glibc

/// The models that a key may use: sorted bytes, one behind the other, so that asking allocates nothing.
struct ModelSet: Sendable {
    private let bytes: [UInt8]
    /// Where each begins, and the end of the last.
    private let offsets: [UInt32]

    init(_ models: [String]) {
        var bytes: [UInt8] = []
        var offsets: [UInt32] = [0]
        for model in Set(models.map { Array($0.utf8) }).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            bytes += model
            offsets.append(UInt32(clamping: bytes.count))
        }
        self.bytes = bytes
        self.offsets = offsets
    }

    func contains(_ model: UnsafeRawBufferPointer) -> Bool {
        guard let wanted = model.baseAddress else { return false }
        return bytes.withUnsafeBytes { bytes in
            offsets.withUnsafeBufferPointer { offsets in
                guard let base = bytes.baseAddress else { return false }
                var low = 0
                var high = offsets.count - 1
                while low < high {
                    let middle = (low + high) / 2
                    let start = Int(offsets[middle])
                    let length = Int(offsets[middle + 1]) - start
                    let order = memcmp(base + start, wanted, min(length, model.count))
                    if order == 0 && length == model.count { return true }
                    if order < 0 || (order == 0 && length < model.count) { low = middle + 1 } else { high = middle }
                }
                return false
            }
        }
    }
}

/// Names that new-api takes together before it looks at a token's models (its contract, §3.11).
enum ModelFolding {
    /// `body` gets the name to look for.
    @inline(__always)
    static func folded<T>(_ model: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> T) -> T {
        guard let family = family(of: model) else { return body(model) }
        return body(UnsafeRawBufferPointer(start: family.utf8Start, count: family.utf8CodeUnitCount))
    }

    private static func family(of model: UnsafeRawBufferPointer) -> StaticString? {
        if begins(model, "gpt-4-gizmo") { return "gpt-4-gizmo-*" }
        if begins(model, "gpt-4o-gizmo") { return "gpt-4o-gizmo-*" }
        guard begins(model, "gemini-2.5-"), contains(model, "-thinking-") else { return nil }
        // The longer name first: it begins with the shorter one.
        if begins(model, "gemini-2.5-flash-lite") { return "gemini-2.5-flash-lite-thinking-*" }
        if begins(model, "gemini-2.5-flash") { return "gemini-2.5-flash-thinking-*" }
        if begins(model, "gemini-2.5-pro") { return "gemini-2.5-pro-thinking-*" }
        return nil
    }

    @inline(__always)
    private static func begins(_ model: UnsafeRawBufferPointer, _ prefix: StaticString) -> Bool {
        guard model.count >= prefix.utf8CodeUnitCount, let base = model.baseAddress else { return false }
        return memcmp(base, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0
    }

    private static func contains(_ model: UnsafeRawBufferPointer, _ part: StaticString) -> Bool {
        let count = part.utf8CodeUnitCount
        guard model.count >= count, let base = model.baseAddress else { return false }
        for start in 0...(model.count - count) where memcmp(base + start, part.utf8Start, count) == 0 { return true }
        return false
    }
}
