import NIOCore
import NIOHTTP1

/// The body of an answer that is written as it comes about: events, a download.
public struct HTTPStream: Sendable {
    /// Bytes, where they are known before: `Content-Length`.
    public var length: Int?
    /// Writes the body. It is cancelled when the client goes away or the server stops; what it throws cuts the answer off, so that a
    /// client can tell it from a whole one.
    let produce: @Sendable (HTTPStreamWriter) async throws -> Void

    public init(length: Int? = nil, produce: @escaping @Sendable (HTTPStreamWriter) async throws -> Void) {
        self.length = length
        self.produce = produce
    }
}

/// Takes the pieces of a body. Each waits until the one before has gone to the kernel: a slow client holds one piece.
public struct HTTPStreamWriter: Sendable {
    private let channel: any Channel

    init(channel: any Channel) { self.channel = channel }

    /// - Throws: where the client has gone.
    public func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        guard !bytes.isEmpty else { return }
        try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes))))
    }

    public func write(_ text: String) async throws { try await write(Array(text.utf8)) }

    func end() async throws { try await channel.writeAndFlush(HTTPServerResponsePart.end(nil)) }
}
