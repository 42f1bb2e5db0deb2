import CCurl
import CLinux
import Glibc

/// Passes bytes between libcurl's connection and a socket of this process, both ways, until one of them ends. On one thread.
final class TunnelRelay {
    private let handle: UnsafeMutableRawPointer
    private let remote: Int32
    private let local: Int32
    private var upward = RelayBuffer()
    private var downward = RelayBuffer()

    init(handle: UnsafeMutableRawPointer, remote: Int32, local: Int32, early: [UInt8]) {
        self.handle = handle
        self.remote = remote
        self.local = local
        downward.append(early)
    }

    func run() {
        defer {
            upward.wipe()
            downward.wipe()
            close(local)
        }
        while true {
            guard up(), down() else { return }
            // libcurl may hold bytes that it has decrypted already: both were read until nothing came.
            var wanted = [
                pollfd(fd: local, events: Int16((upward.isEmpty ? POLLIN : 0) | (downward.isEmpty ? 0 : POLLOUT)), revents: 0),
                pollfd(fd: remote, events: Int16((downward.isEmpty ? POLLIN : 0) | (upward.isEmpty ? 0 : POLLOUT)), revents: 0),
            ]
            guard poll(&wanted, 2, -1) >= 0 || errno == EINTR else { return }
        }
    }

    /// From here to there. False: it is the end.
    private func up() -> Bool {
        while true {
            if upward.isEmpty {
                let count = upward.fill { coffer_client_receive(local, $0.baseAddress, $0.count) }
                if count == -Int(EAGAIN) { return true }
                guard count > 0 else { return false }
            }
            var count = 0
            let code = upward.withBytes { curl_easy_send(handle, $0.baseAddress, $0.count, &count) }
            upward.consume(count)
            if code == CURLE_AGAIN { return true }
            guard code == CURLE_OK else { return false }
        }
    }

    /// From there to here.
    private func down() -> Bool {
        while true {
            if downward.isEmpty {
                var code = CURLE_OK
                let count = downward.fill { room in
                    var count = 0
                    code = curl_easy_recv(handle, room.baseAddress, room.count, &count)
                    return count
                }
                if code == CURLE_AGAIN { return true }
                guard code == CURLE_OK, count > 0 else { return false }
            }
            let sent = downward.withBytes { coffer_client_send(local, $0.baseAddress, $0.count) }
            if sent == -Int(EAGAIN) { return true }
            guard sent > 0 else { return false }
            downward.consume(sent)
        }
    }
}

/// Bytes on their way; wiped behind them, as they may be secrets.
struct RelayBuffer {
    private var bytes = [UInt8](repeating: 0, count: 64 << 10)
    private var start = 0
    private var end = 0

    var isEmpty: Bool { start == end }

    /// Reads into the empty buffer.
    mutating func fill(_ read: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        let count = bytes.withUnsafeMutableBytes { read($0) }
        (start, end) = (0, max(count, 0))
        return count
    }

    mutating func append(_ more: [UInt8]) {
        let count = min(more.count, bytes.count - end)
        bytes.replaceSubrange(end..<(end + count), with: more[..<count])
        end += count
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    }

    mutating func consume(_ count: Int) {
        start += count
        if start == end { wipe() }
    }

    mutating func wipe() {
        bytes.withUnsafeMutableBytes { coffer_client_wipe($0.baseAddress, end) }
        (start, end) = (0, 0)
    }
}
