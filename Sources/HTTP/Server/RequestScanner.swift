import NIOCore

/// Cuts what a client sends into the pieces that the HTTP parser may see: one request at a time, the request line percent-encoded.
///
/// The parser answers bytes from 0x80 on in the request line with an error, while curl sends `?keyword=测试` as it is (platform.md).
/// The scanner parses no HTTP: where a head and a body end, the parser tells it. It only takes care that a piece never reaches
/// beyond a place where a request can end. Should both ever differ, bytes reach the parser unescaped, and it refuses them.
/// A value without I/O: the bytes go in, pieces come out.
struct RequestScanner {
    enum Step: Equatable {
        case pass(ByteBuffer)
        /// Nothing can be done before more bytes come, or before ``nextRequest()``.
        case wait
        case refuse(Refusal)
    }

    enum Refusal: Equatable {
        case lineTooLong
        case headTooLong
    }

    private enum Phase: Equatable {
        case line
        case head
        /// So many bytes of the body are missing.
        case body(Int)
        /// A body in chunks: it ends behind some line feed.
        case chunks
        /// A request is whole and is being answered: nothing more passes.
        case held
    }

    private let maximumLine: Int
    private let maximumHead: Int
    private var phase = Phase.line
    /// Bytes of the line or of the head that have passed, before escaping.
    private var count = 0
    /// Whether the current line of the head has no bytes yet.
    private var isEmptyLine = true
    /// The request line as the parser saw it, without its end; whole when ``hasLine``.
    private(set) var line: [UInt8] = []

    init(maximumLine: Int, maximumHead: Int) {
        self.maximumLine = maximumLine
        self.maximumHead = maximumHead
    }

    /// Whether the request line has been read and the head has not.
    var hasLine: Bool { phase == .head }
    /// Whether no byte of the next request has come.
    var isFresh: Bool { phase == .line && count == 0 }

    /// The parser found the head's end.
    /// - Parameter bodyLength: bytes; `nil` for chunks.
    mutating func headWasRead(bodyLength: Int?) {
        line = []
        phase = bodyLength.map { .body($0) } ?? .chunks
    }

    /// The parser found the request's end.
    mutating func requestEnded() { phase = .held }

    /// The answer is out: the next request may come.
    mutating func nextRequest() {
        phase = .line
        count = 0
        line = []
    }

    /// The next piece of what has come.
    mutating func step(_ buffer: inout ByteBuffer) -> Step {
        guard buffer.readableBytes > 0 else { return .wait }
        switch phase {
        case .held: return .wait
        case .line: return lineStep(&buffer)
        case .head: return headStep(&buffer)
        case .chunks:
            return piece(&buffer, upTo: buffer.readableBytesView.firstIndex(of: Self.lineFeed).map { $0 + 1 - buffer.readerIndex })
        case .body(let missing):
            // The parser says at once when nothing is missing any more; a piece of none would loop.
            guard missing > 0 else { return piece(&buffer, upTo: nil) }
            let length = min(missing, buffer.readableBytes)
            phase = .body(missing - length)
            return piece(&buffer, upTo: length)
        }
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private func piece(_ buffer: inout ByteBuffer, upTo length: Int?) -> Step {
        guard let slice = buffer.readSlice(length: length ?? buffer.readableBytes) else { return .wait }
        return .pass(slice)
    }

    private mutating func lineStep(_ buffer: inout ByteBuffer) -> Step {
        let view = buffer.readableBytesView
        let end = view.firstIndex(of: Self.lineFeed).map { $0 + 1 - buffer.readerIndex }
        let length = end ?? buffer.readableBytes
        guard count + length <= maximumLine else { return .refuse(.lineTooLong) }
        count += length
        guard let raw = buffer.readSlice(length: length) else { return .wait }
        let piece = Self.escaped(raw)
        line += piece.readableBytesView
        guard end != nil else { return .pass(piece) }
        while let last = line.last, last == Self.lineFeed || last == Self.carriageReturn { line.removeLast() }
        // Empty lines before a request are allowed (RFC 9112 §2.2).
        if !line.isEmpty {
            phase = .head
            count = 0
            isEmptyLine = true
        }
        return .pass(piece)
    }

    /// Up to the end of the first empty line, where alone a head can end.
    private mutating func headStep(_ buffer: inout ByteBuffer) -> Step {
        var length = 0
        var ended = false
        for byte in buffer.readableBytesView {
            length += 1
            if byte == Self.lineFeed {
                if isEmptyLine {
                    ended = true
                    break
                }
                isEmptyLine = true
            } else if byte != Self.carriageReturn {
                isEmptyLine = false
            }
        }
        guard count + length <= maximumHead else { return .refuse(.headTooLong) }
        count += length
        return piece(&buffer, upTo: ended ? length : nil)
    }

    /// The same bytes where all are ASCII.
    private static func escaped(_ raw: ByteBuffer) -> ByteBuffer {
        let view = raw.readableBytesView
        guard view.contains(where: { $0 >= 0x80 }) else { return raw }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(view.count * 3)
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in view {
            if byte >= 0x80 {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                bytes.append(byte)
            }
        }
        return ByteBuffer(bytes: bytes)
    }
}
