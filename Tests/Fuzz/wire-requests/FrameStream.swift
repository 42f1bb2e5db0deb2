import CofferWire
import FuzzSupport

/// What a receiver makes of a stream of frames, however the bytes arrive.
struct FrameStream: Equatable {
    private(set) var frames: [[UInt8]] = []
    private(set) var fault: WireError?
    /// Bytes of the frame that is not whole.
    private(set) var buffer: [UInt8] = []
    private var needed = 0

    /// Whether frames, fault and rest are the same.
    static func == (left: FrameStream, right: FrameStream) -> Bool {
        left.frames == right.frames && left.fault == right.fault && (left.fault != nil || left.buffer == right.buffer)
    }

    mutating func receive(_ bytes: some Collection<UInt8>) {
        guard fault == nil else { return }
        buffer += bytes
        while scan() {}
    }

    /// - Returns: whether a frame was taken.
    private mutating func scan() -> Bool {
        let result = buffer.withUnsafeBytes { FrameScan.scan($0, limit: Limits.handshakeFrame) }
        switch result {
        case .incomplete(let least):
            Harness.check(least > buffer.count, "a frame needs no more bytes than there are, and is not whole")
            Harness.check(least <= Limits.handshakeFrame + 4, "a frame needs more bytes than its limit allows")
            needed = least
            return false
        case .malformed(let error):
            fault = error
            return false
        case .frame(let header, let body):
            Harness.check(buffer.count >= needed, "a frame came whole with fewer bytes than were needed")
            Harness.check(body.lowerBound == FrameHeader.size && body.upperBound <= buffer.count, "a body lies outside its frame")
            var head = [UInt8](repeating: 0, count: FrameHeader.size)
            head.withUnsafeMutableBytes { bytes in
                if let start = bytes.baseAddress { header.write(to: start, bodyLength: body.count) }
            }
            Harness.check(head.elementsEqual(buffer[..<FrameHeader.size]), "a header is written with other bytes than it was read from")
            frames.append(Array(buffer[..<body.upperBound]))
            buffer.removeFirst(body.upperBound)
            needed = 0
            return true
        }
    }

    static func check(_ bytes: [UInt8], lengths: [UInt8]) {
        var whole = FrameStream()
        whole.receive(bytes)
        for lengths in [lengths, [1]] {
            var cut = FrameStream()
            for piece in bytes.pieces(lengths) { cut.receive(piece) }
            Harness.check(cut == whole, "the same bytes in other pieces are other frames")
        }
    }
}
