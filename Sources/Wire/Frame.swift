/// What a frame is for: the byte after its length. protocol.md, "Frames".
public enum FrameKind: UInt8, Sendable, CaseIterable {
    /// Client to server: starts an operation.
    case request = 1
    /// Server to client: the one answer to a request that is no stream, or the answer that opens a watch.
    case response = 2
    /// One piece of a stream, in the direction in which the stream flows.
    case chunk = 3
    /// The last frame of a stream, with its result.
    case end = 4
    /// Server to client: a change that a watch reports.
    case event = 5
    /// Client to server: no longer interested in the request of this id.
    case cancel = 6
    /// Allows the sender of a stream so many more chunks or events.
    case credit = 7
}

/// The twelve bytes in front of every body: length, kind, a reserved byte, operation, request id.
/// All integers of the protocol are big-endian.
public struct FrameHeader: Equatable, Sendable {
    /// Bytes of the header on the wire, the length field included.
    public static let size = 12
    /// Bytes of the header that the length field counts.
    public static let countedSize = 8

    public var kind: FrameKind
    public var operation: UInt16
    /// Chosen by the client; unique among its unfinished requests. 0 is the connection itself.
    public var requestID: UInt32

    public init(kind: FrameKind, operation: UInt16, requestID: UInt32) {
        self.kind = kind
        self.operation = operation
        self.requestID = requestID
    }

    public init(kind: FrameKind, operation: Operation, requestID: UInt32) {
        self.init(kind: kind, operation: operation.rawValue, requestID: requestID)
    }

    /// Writes the header of a frame with a body of `bodyLength` bytes at `destination` (12 bytes).
    @inlinable
    public func write(to destination: UnsafeMutableRawPointer, bodyLength: Int) {
        destination.storeBytes(of: UInt32(truncatingIfNeeded: bodyLength + Self.countedSize).bigEndian, as: UInt32.self)
        destination.storeBytes(of: kind.rawValue, toByteOffset: 4, as: UInt8.self)
        destination.storeBytes(of: 0, toByteOffset: 5, as: UInt8.self)
        destination.storeBytes(of: operation.bigEndian, toByteOffset: 6, as: UInt16.self)
        destination.storeBytes(of: requestID.bigEndian, toByteOffset: 8, as: UInt32.self)
    }
}

/// What stands at the beginning of a receive buffer. A pure function of the bytes: no I/O, no state.
public enum FrameScan: Equatable, Sendable {
    /// Not yet a whole frame; `needed` is the least number of bytes that could complete it.
    case incomplete(needed: Int)
    /// A whole frame: its header and where its body lies, relative to the beginning of the buffer.
    case frame(FrameHeader, body: Range<Int>)
    /// Not a frame, and no later byte will make it one: the connection must be closed.
    case malformed(WireError)

    /// Looks at the beginning of `buffer`.
    /// - Parameter limit: the largest permitted value of the length field: ``Limits/frame`` after the
    ///   handshake, ``Limits/handshakeFrame`` before.
    @inlinable
    public static func scan(_ buffer: UnsafeRawBufferPointer, limit: Int) -> FrameScan {
        guard buffer.count >= 4 else { return .incomplete(needed: FrameHeader.size) }
        let length = Int(UInt32(bigEndian: buffer.loadUnaligned(as: UInt32.self)))
        guard length >= FrameHeader.countedSize else { return .malformed(.frameTooShort) }
        guard length <= limit else { return .malformed(.frameTooLong) }
        guard buffer.count >= FrameHeader.size else { return .incomplete(needed: 4 + length) }
        guard let kind = FrameKind(rawValue: buffer[4]) else { return .malformed(.unknownKind) }
        guard buffer[5] == 0 else { return .malformed(.reservedNotZero) }
        guard buffer.count >= 4 + length else { return .incomplete(needed: 4 + length) }
        let header = FrameHeader(
            kind: kind,
            operation: UInt16(bigEndian: buffer.loadUnaligned(fromByteOffset: 6, as: UInt16.self)),
            requestID: UInt32(bigEndian: buffer.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        )
        return .frame(header, body: FrameHeader.size..<(4 + length))
    }
}
