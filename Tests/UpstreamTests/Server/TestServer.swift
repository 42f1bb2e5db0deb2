import Glibc
import Synchronization

/// A server on a loopback port; each connection has a thread, on which `serve` runs.
final class TestServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var connections: [Int32] = []
        var requests: [TestRequest] = []
        var count = 0
    }

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    init(serve: @escaping @Sendable (TestServer, TestConnection) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0 }
        }
        guard bound else { throw TestServerError() }
        port = UInt16(bigEndian: address.sin_port)
        Self.detach { [weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                guard let self else {
                    close(descriptor)
                    return
                }
                self.state.withLock {
                    $0.connections.append(descriptor)
                    $0.count += 1
                }
                Self.detach {
                    serve(self, TestConnection(descriptor: descriptor))
                    self.finish(descriptor)
                }
            }
        }
    }

    /// Answers each request of each connection with `answer`, until the peer closes or `answer` returns false.
    static func answering(_ answer: @escaping @Sendable (TestRequest, TestConnection) -> Bool) throws -> TestServer {
        try TestServer { server, connection in
            while let request = connection.readRequest() {
                server.record(request)
                if !answer(request, connection) { return }
            }
        }
    }

    /// Always the same JSON.
    static func json(_ body: String) throws -> TestServer {
        try answering { _, connection in
            connection.respond(200, body)
            return true
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [TestRequest] { state.withLock { $0.requests } }
    /// Connections that were ever accepted.
    var connectionCount: Int { state.withLock { $0.count } }

    func record(_ request: TestRequest) { state.withLock { $0.requests.append(request) } }

    private func finish(_ descriptor: Int32) {
        state.withLock { $0.connections.removeAll { $0 == descriptor } }
        close(descriptor)
    }

    /// No new connections; those that are open end.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        state.withLock { for descriptor in $0.connections { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func detach(_ body: @escaping @Sendable () -> Void) {
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
            if let pointer { Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body() }
            return nil
        }
        guard pthread_create(&thread, nil, run, work.toOpaque()) == 0 else {
            work.release()
            return
        }
        pthread_detach(thread)
    }
}

struct TestServerError: Error {}
