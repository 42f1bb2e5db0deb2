import CLinux

/// Matches one segment of a name against the pieces between the stars of a pattern's segment. The leftmost place of each
/// piece is as good as any other, so nothing is ever tried twice; `memmem` is linear in glibc.
package enum SegmentMatcher {
    /// - Parameter pieces: at least two; the first and the last are anchored and may be empty, the others are not.
    package static func matches(_ segment: UnsafeRawBufferPointer, pieces: [[UInt8]]) -> Bool {
        guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else { return false }
        guard segment.count >= first.count + last.count else { return false }
        guard segment.starts(with: first), segment.suffix(last.count).elementsEqual(last) else { return false }
        var rest = UnsafeRawBufferPointer(rebasing: segment[first.count..<(segment.count - last.count)])
        for piece in pieces[1..<(pieces.count - 1)] {
            let found = piece.withUnsafeBytes { find($0, in: rest) }
            guard let found else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[(found + piece.count)...])
        }
        return true
    }

    /// The first place of `needle`, which is not empty, in `hay`.
    @inline(__always)
    package static func find(_ needle: UnsafeRawBufferPointer, in hay: UnsafeRawBufferPointer) -> Int? {
        guard let start = hay.baseAddress, let pattern = needle.baseAddress, needle.count <= hay.count else { return nil }
        guard let found = coffer_find(start, hay.count, pattern, needle.count) else { return nil }
        return UnsafeRawPointer(found) - start
    }
}
