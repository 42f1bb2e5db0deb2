import Glibc

/// A plain socket: sends the bytes that a test wants, and reads to the end or to what it waits for. Blocks on a thread of its own.
final class RawClient: @unchecked Sendable {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var patience = timeval(tv_sec: 8, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        // Everything is set, so `deinit` runs and closes: a second close here would hit what another test has opened since.
        guard status == 0 else { throw RawClientError.refused(errno) }
    }

    deinit { Glibc.close(descriptor) }

    func send(_ text: String) async { await send(Array(text.utf8)) }

    /// What the server does not take any more is not sent.
    func send(_ bytes: [UInt8]) async {
        await onThread { descriptor in
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Everything until the server closes; nil where it did not within the time.
    func readToEnd() async -> String? {
        await onThread { descriptor in
            var bytes: [UInt8] = []
            while true {
                guard let more = Self.read(descriptor) else { return nil }
                if more.isEmpty { return String(decoding: bytes, as: UTF8.self) }
                bytes += more
            }
        }
    }

    /// One answer by its Content-Length; what came until the end where there is less.
    func readReply(hasBody: Bool = true) async -> String {
        await onThread { descriptor in
            var bytes: [UInt8] = []
            while true {
                if let end = bytes.firstRange(of: "\r\n\r\n".utf8) {
                    let length = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).header("Content-Length").flatMap { Int($0) } ?? 0
                    if !hasBody || bytes.count - end.upperBound >= length { return String(decoding: bytes, as: UTF8.self) }
                }
                guard let more = Self.read(descriptor, limit: 1), !more.isEmpty else { return String(decoding: bytes, as: UTF8.self) }
                bytes += more
            }
        }
    }

    private static func read(_ descriptor: Int32, limit: Int = 65_536) -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &chunk, limit, 0)
        guard count >= 0 else { return errno == ECONNRESET ? [] : nil }
        return Array(chunk[..<count])
    }

    private func onThread<Result: Sendable>(_ body: @escaping @Sendable (Int32) -> Result) async -> Result {
        await BlockingThread.run { [self] in withExtendedLifetime(self) { body(descriptor) } }
    }

    /// Sends one request on a connection of its own and reads to the end.
    static func exchange(_ port: Int, _ request: String) async throws -> String {
        let client = try RawClient(port: port)
        await client.send(request)
        return await client.readToEnd() ?? "(no end)"
    }

    /// The same for a GET with these headers; the connection is closed behind it.
    static func get(_ port: Int, _ path: String, host: String? = "localhost", headers: [String] = [], method: String = "GET") async throws
        -> String
    {
        let lines = ["\(method) \(path) HTTP/1.1"] + (host.map { ["Host: \($0)"] } ?? []) + ["Connection: close"] + headers
        return try await exchange(port, lines.joined(separator: "\r\n") + "\r\n\r\n")
    }
}

enum RawClientError: Error {
    case refused(Int32)
}

extension String {
    /// The number in the status line.
    var status: Int { Int(split(separator: " ").dropFirst().first ?? "") ?? 0 }

    func header(_ name: String) -> String? {
        let head = utf8.firstRange(of: "\r\n\r\n".utf8).flatMap { String(utf8[..<$0.lowerBound]) } ?? self
        return head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }.map {
            String($0.dropFirst(name.count + 1).drop { $0 == " " })
        }
    }
}

extension Collection where Element: Equatable {
    func firstRange(of other: some Collection<Element>) -> Range<Index>? {
        var start = startIndex
        while start != endIndex {
            if self[start...].starts(with: other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
