import CCurl
import CLinux
import CofferClient
import Glibc

/// Connects a client to a daemon on another machine: the native protocol behind an HTTP upgrade (protocol.md, "Over HTTP"). TLS and
/// proxies are libcurl's.
public enum Tunnel {
    /// For ``ClientConfiguration/connector``.
    /// - Parameters:
    ///   - token: a personal access token.
    ///   - authorities: a PEM file with certificate authorities in place of the system's; empty: those.
    ///   - timeout: of the connecting, in milliseconds.
    public static func connector(
        to address: TunnelAddress, token: SecretBytes, authorities: String = "", timeout: Int = 10_000
    ) -> @Sendable () throws(ClientError) -> Int32 {
        return { () throws(ClientError) in
            let connection = try TunnelConnection(address, authorities: authorities, timeout: timeout)
            try connection.upgrade(token)
            return try connection.relay()
        }
    }
}

/// One connection of libcurl's, first on its way up, then relayed by a thread of its own.
final class TunnelConnection: @unchecked Sendable {
    private let address: TunnelAddress
    private let timeout: Int
    private let handle: UnsafeMutableRawPointer
    private var descriptor: Int32 = -1
    private var error = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
    /// What came behind the answer's head.
    private var early: [UInt8] = []

    private static let mostHead = 16 << 10

    init(_ address: TunnelAddress, authorities: String, timeout: Int) throws(ClientError) {
        self.address = address
        self.timeout = timeout
        guard coffer_curl_begin() == 0, let handle = curl_easy_init() else { throw .unreachable("libcurl cannot be used", retry: .never) }
        self.handle = handle
        _ = coffer_curl_set_text(handle, CURLOPT_URL, address.text)
        _ = coffer_curl_set_long(handle, CURLOPT_CONNECT_ONLY, 1)
        _ = coffer_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, timeout)
        _ = coffer_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = coffer_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        // Nothing but HTTP/1.1 has upgrades.
        _ = coffer_curl_set_long(handle, CURLOPT_SSL_ENABLE_ALPN, 0)
        if !authorities.isEmpty { _ = coffer_curl_set_text(handle, CURLOPT_CAINFO, authorities) }
        let code = curl_easy_perform(handle)
        guard code == CURLE_OK else {
            throw .unreachable("cannot connect to \(address.text): \(String(cString: curl_easy_strerror(code)))")
        }
        descriptor = coffer_curl_socket_of(handle)
    }

    deinit { curl_easy_cleanup(handle) }

    // MARK: Up

    /// Asks for the upgrade and reads the answer.
    func upgrade(_ token: SecretBytes) throws(ClientError) {
        var request = Array(
            "GET \(address.path)/v1/socket HTTP/1.1\r\nHost: \(address.host)\r\nConnection: Upgrade\r\nUpgrade: coffer\r\nAuthorization: Bearer ".utf8)
        request.reserveCapacity(request.count + token.count + 8)
        token.withUnsafeBytes { request.append(contentsOf: $0) }
        request += Array("\r\n\r\n".utf8)
        defer { request.withUnsafeMutableBytes { coffer_client_wipe($0.baseAddress, $0.count) } }
        let deadline = Self.now() + timeout
        var sent = 0
        while sent < request.count {
            var count = 0
            let code = request.withUnsafeBytes { curl_easy_send(handle, $0.baseAddress.map { $0 + sent }, $0.count - sent, &count) }
            sent += count
            try go(on: code, POLLOUT, deadline)
        }
        try answer(deadline)
    }

    private func answer(_ deadline: Int) throws(ClientError) {
        var head: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let place = Self.find(end, in: head) {
                early = Array(head[(place + end.count)...])
                return try judge(String(decoding: head[..<place], as: UTF8.self))
            }
            guard head.count < Self.mostHead else { throw .unreachable("\(address.text) answers no HTTP", retry: .never) }
            var count = 0
            let code = buffer.withUnsafeMutableBytes { curl_easy_recv(handle, $0.baseAddress, $0.count, &count) }
            if code == CURLE_OK, count == 0 { throw .unreachable("\(address.text) closed the connection") }
            head += buffer[..<count]
            try go(on: code, POLLIN, deadline)
        }
    }

    private func judge(_ head: String) throws(ClientError) {
        let words = (head.split(separator: "\r\n").first ?? "").split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw .unreachable("\(address.text) answers no HTTP", retry: .never)
        }
        switch status {
        case 101: return
        case 401: throw .refused("\(address.text) does not know the access token")
        case 403: throw .refused("\(address.text) refuses: a personal access token is needed, and its host name must be served there")
        case 503: throw .unreachable("\(address.text): the daemon is locked or stopping")
        default: throw .unreachable("\(address.text) answers with status \(status): is it the admin address of cofferd?", retry: .never)
        }
    }

    private static func find(_ part: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= part.count else { return nil }
        return (0...(bytes.count - part.count)).first { bytes[$0..<($0 + part.count)].elementsEqual(part) }
    }

    /// Waits where libcurl could not go on.
    private func go(on code: CURLcode, _ events: Int32, _ deadline: Int) throws(ClientError) {
        if code == CURLE_OK { return }
        let left = deadline - Self.now()
        guard code == CURLE_AGAIN, left > 0 else {
            throw .unreachable("\(address.text): \(code == CURLE_AGAIN ? "no answer in time" : String(cString: curl_easy_strerror(code)))")
        }
        var wanted = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        _ = poll(&wanted, 1, Int32(clamping: left))
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }

    // MARK: Relaying

    /// Starts the thread that passes bytes both ways until either side ends.
    /// - Returns: the client's end.
    func relay() throws(ClientError) -> Int32 {
        var (ours, theirs): (Int32, Int32) = (-1, -1)
        guard coffer_socket_pair(&ours, &theirs) == 0 else { throw .unreachable("no more descriptors are to be had") }
        let relay = TunnelRelay(handle: handle, remote: descriptor, local: ours, early: early)
        let context = Unmanaged.passRetained(TunnelThread(connection: self, relay: relay))
        let code = coffer_client_thread(
            { argument in
                guard let argument else { return }
                let thread = Unmanaged<TunnelThread>.fromOpaque(argument).takeRetainedValue()
                // libcurl's handle is the connection's: it must not go before the relay has ended.
                withExtendedLifetime(thread.connection) { thread.relay.run() }
            }, context.toOpaque(), "coffer-tunnel")
        guard code == 0 else {
            context.release()
            close(ours)
            close(theirs)
            throw .unreachable("no thread is to be had")
        }
        return theirs
    }
}

/// What the thread keeps alive.
private final class TunnelThread {
    let connection: TunnelConnection
    let relay: TunnelRelay

    init(connection: TunnelConnection, relay: TunnelRelay) {
        self.connection = connection
        self.relay = relay
    }
}
