/// A pattern over names (formats.md 13): `*` stands for zero or more bytes within one segment, `**` alone in a segment for
/// zero or more whole segments, nothing else is special: `a/**` covers `a`. Works on bytes, in time linear in name and pattern.
public struct Glob: Hashable, Sendable {
    public static let maximumLength = 512

    /// One segment between slashes.
    package enum Segment: Hashable, Sendable {
        case literal([UInt8])
        /// The pieces between its stars; the first and the last are anchored, and may be empty.
        case wildcard([[UInt8]])
        /// `**`
        case anySegments
    }

    public let bytes: [UInt8]
    /// Runs of `**` count once: they mean the same.
    package let segments: [Segment]

    /// Over names of secrets, or over all others.
    /// - Throws: ``GlobError`` naming the rule that the pattern breaks: those of the names, with stars allowed.
    public init(_ bytes: some Sequence<UInt8>, ofSecrets: Bool) throws(GlobError) {
        let bytes = Array(bytes)
        if let error = Self.check(bytes, ofSecrets: ofSecrets) { throw error }
        self.bytes = bytes
        var segments: [Segment] = []
        for part in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let segment = Self.segment(Array(part))
            if segment == .anySegments, segments.last == .anySegments { continue }
            segments.append(segment)
        }
        self.segments = segments
    }

    private static func segment(_ part: [UInt8]) -> Segment {
        let star = UInt8(ascii: "*")
        if part == [star, star] { return .anySegments }
        if !part.contains(star) { return .literal(part) }
        return .wildcard(part.split(separator: star, omittingEmptySubsequences: false).map(Array.init))
    }

    private static func check(_ bytes: [UInt8], ofSecrets: Bool) -> GlobError? {
        if bytes.isEmpty { return .name(.empty) }
        // A star may stand for nothing, so a pattern may be longer than a name; it has the longest name's limit all the same.
        if bytes.count > maximumLength { return .name(.tooLong) }
        // With each star as a letter the rest must be a name: the rules are then the names' own.
        let plain = bytes.map { $0 == UInt8(ascii: "*") ? UInt8(ascii: "x") : $0 }
        if ofSecrets {
            if let error = plain.withUnsafeBytes({ Name.check($0) }) { return .name(error) }
        } else {
            do { _ = try DocumentName(plain) } catch { return .name(error) }
        }
        for part in bytes.split(separator: UInt8(ascii: "/")) where part.count > 2 {
            // People mean "everything below" by it, which it would not be.
            if zip(part, part.dropFirst()).contains(where: { $0 == UInt8(ascii: "*") && $1 == UInt8(ascii: "*") }) {
                return .starsInSegment
            }
        }
        return nil
    }
}

public enum GlobError: Error, Hashable, Sendable {
    case name(NameError)
    case starsInSegment
}

extension GlobError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .name(let error): error.rawValue
        case .starsInSegment: "'**' must be a whole segment, as in 'a/**'"
        }
    }
}

extension Glob {
    /// Whether the pattern covers this name: for `explain`, a restore's choice and tests. Requests ask the policies' compiled rules.
    public func matches(_ name: some Collection<UInt8>) -> Bool {
        let name = Array(name)
        // A single thing without a name has no segments at all.
        let parts = name.isEmpty ? [] : name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        // reachable[i]: the first i segments of the pattern cover the parts seen so far.
        var reachable = [Bool](repeating: false, count: segments.count + 1)
        reachable[0] = true
        spread(&reachable)
        for part in parts {
            var next = [Bool](repeating: false, count: segments.count + 1)
            for (index, segment) in segments.enumerated() {
                switch segment {
                case .anySegments: next[index + 1] = next[index + 1] || reachable[index + 1]
                case .literal(let bytes): next[index + 1] = reachable[index] && part.elementsEqual(bytes)
                case .wildcard(let pieces):
                    next[index + 1] = reachable[index] && part.withUnsafeBytes { SegmentMatcher.matches($0, pieces: pieces) }
                }
            }
            spread(&next)
            reachable = next
        }
        return reachable[segments.count]
    }

    /// `**` also stands for nothing.
    private func spread(_ reachable: inout [Bool]) {
        for (index, segment) in segments.enumerated() where segment == .anySegments && reachable[index] {
            reachable[index + 1] = true
        }
    }
}
