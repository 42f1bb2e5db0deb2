import Glibc
import Synchronization

/// A proxy on a loopback port: HTTP CONNECT or SOCKS5, which connects to loopback targets only.
final class TestProxy: Sendable {
    enum Manner: Sendable { case connect, refuse(Int), socks(user: String?), closes }

    let server: TestServer

    init(_ manner: Manner) throws {
        server = try TestServer { server, connection in
            switch manner {
            case .connect:
                guard let request = connection.readRequest() else { return }
                server.record(request)
                guard request.method == "CONNECT", let port = request.target.split(separator: ":").last.flatMap({ UInt16($0) }) else {
                    connection.respond(405, "{}")
                    return
                }
                guard let target = Self.open(port) else {
                    connection.write("HTTP/1.1 502 No\r\n\r\n")
                    return
                }
                connection.write("HTTP/1.1 200 OK\r\nProxy-Agent: test\r\n\r\n")
                Self.relay(connection.descriptor, target)
            case .refuse(let status):
                guard let request = connection.readRequest() else { return }
                server.record(request)
                connection.write("HTTP/1.1 \(status) No\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n{\"error\":\"invalid_grant\"}")
            case .socks(let user): Self.socks(server, connection, user)
            case .closes: break
            }
        }
    }

    private static func socks(_ server: TestServer, _ connection: TestConnection, _ user: String?) {
        guard let hello = connection.read(2), let methods = connection.read(Int(hello[1])) else { return }
        let method: UInt8 = user == nil ? 0 : 2
        guard methods.contains(method) else {
            connection.write([5, 0xFF])
            return
        }
        connection.write([5, method])
        if let user {
            guard let head = connection.read(2), let name = connection.read(Int(head[1])), let length = connection.read(1),
                let password = connection.read(Int(length[0]))
            else { return }
            let isRight = String(decoding: name, as: UTF8.self) + ":" + String(decoding: password, as: UTF8.self) == user
            connection.write([1, isRight ? 0 : 1])
            if !isRight { return }
        }
        guard let head = connection.read(4) else { return }
        var target = ""
        if head[3] == 3, let length = connection.read(1), let name = connection.read(Int(length[0])) {
            target = "name " + String(decoding: name, as: UTF8.self)
        } else if head[3] == 1, let address = connection.read(4) {
            target = "address " + address.map(String.init).joined(separator: ".")
        }
        guard let portBytes = connection.read(2), let upstream = open(UInt16(portBytes[0]) << 8 | UInt16(portBytes[1])) else {
            connection.write([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])
            return
        }
        server.record(TestRequest(method: "SOCKS", target: target))
        connection.write([5, 0, 0, 1, 127, 0, 0, 1, 0, 0])
        relay(connection.descriptor, upstream)
    }

    private static func open(_ port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        if code == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    /// Both ways, until either side closes.
    private static func relay(_ left: Int32, _ right: Int32) {
        defer { close(right) }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            var watched = [pollfd(fd: left, events: Int16(POLLIN), revents: 0), pollfd(fd: right, events: Int16(POLLIN), revents: 0)]
            guard poll(&watched, 2, 30_000) > 0 else { return }
            for (from, to) in [(0, right), (1, left)] where watched[from].revents != 0 {
                let count = recv(watched[from].fd, &buffer, buffer.count, 0)
                guard count > 0, TestConnection(descriptor: to).write(buffer[..<count]) else { return }
            }
        }
    }
}
