/// Bytes of a file of any size, a chunk at a time, and the line that they are in.
public struct ByteStream {
    /// Fills the front of the buffer and says how far; 0 at the end.
    public typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    private static let chunkSize = 65_536

    private let source: Source
    private var chunk = [UInt8](repeating: 0, count: ByteStream.chunkSize)
    private var position = 0
    private var end = 0
    private var isAtEnd = false
    /// From 1.
    public private(set) var line = 1

    public init(_ source: @escaping Source) { self.source = source }

    /// For what is in memory already.
    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        self.init { buffer in
            let part = rest.prefix(buffer.count)
            buffer.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            return part.count
        }
    }

    /// The next byte, which stays; `nil` at the end.
    mutating func peek() throws -> UInt8? {
        if position == end, try !fill() { return nil }
        return chunk[position]
    }

    mutating func next() throws -> UInt8? {
        guard let byte = try peek() else { return nil }
        position += 1
        if byte == .lineFeed { line += 1 }
        return byte
    }

    /// Appends the rest of the line without its line end (LF or CR LF), and goes behind it.
    /// - Returns: false where the line has more than `limit` bytes; it is skipped, and `bytes` has its beginning.
    mutating func line(into bytes: inout [UInt8], limit: Int) throws -> Bool {
        while try peek() != nil {
            let stop = chunk[position..<end].firstIndex(of: .lineFeed) ?? end
            if bytes.count <= limit { bytes += chunk[position..<min(stop, position + limit + 1 - bytes.count)] }
            let isWhole = stop < end
            position = isWhole ? stop + 1 : end
            if isWhole {
                line += 1
                break
            }
        }
        guard bytes.count <= limit else { return false }
        if bytes.last == .carriageReturn { bytes.removeLast() }
        return true
    }

    /// Goes behind a byte order mark.
    mutating func skipByteOrderMark() throws {
        guard try peek() == 0xEF, try peekLine().starts(with: [0xEF, 0xBB, 0xBF]) else { return }
        position += 3
    }

    /// The present line as far as it is within the next 64 KiB; it stays.
    mutating func peekLine() throws -> ArraySlice<UInt8> {
        while !isAtEnd, !chunk[position..<end].contains(.lineFeed), position > 0 || end < chunk.count {
            if position > 0 {
                chunk.replaceSubrange(0..<(end - position), with: Array(chunk[position..<end]))
                end -= position
                position = 0
            }
            let count = try chunk.withUnsafeMutableBytes { try source(UnsafeMutableRawBufferPointer(rebasing: $0[end...])) }
            isAtEnd = count == 0
            end += count
        }
        return chunk[position..<end].prefix { $0 != .lineFeed }
    }

    /// Overwrites what was read.
    mutating func wipe() {
        for index in chunk.indices { chunk[index] = 0 }
    }

    private mutating func fill() throws -> Bool {
        guard !isAtEnd else { return false }
        position = 0
        end = 0
        end = try chunk.withUnsafeMutableBytes { try source($0) }
        isAtEnd = end == 0
        return !isAtEnd
    }
}
