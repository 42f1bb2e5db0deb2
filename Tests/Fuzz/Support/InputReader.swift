/// Takes what a harness needs off the front of its input; behind its end there are zeros.
public struct InputReader {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    /// Two bytes, the higher first.
    public mutating func number() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

    /// At most so many bytes.
    public mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, position + count)
        defer { position = end }
        return Array(bytes[position..<end])
    }

    /// Everything that is left.
    public mutating func rest() -> [UInt8] { take(bytes.count) }
}

extension Array<UInt8> {
    /// Cut into pieces of the given lengths, over and over; a length of 0 counts as 1. The pieces together are the whole.
    public func pieces(_ lengths: [UInt8]) -> [ArraySlice<UInt8>] {
        guard !lengths.isEmpty else { return [self[...]] }
        var pieces: [ArraySlice<UInt8>] = []
        var position = 0
        while position < count {
            let end = Swift.min(count, position + Swift.max(1, Int(lengths[pieces.count % lengths.count])))
            pieces.append(self[position..<end])
            position = end
        }
        return pieces
    }
}
