import Glibc

/// redis-server over RESP2: `GET name` and `SET name value`.
final class RedisTarget: Target {
    static let answersInOrder = true
    private let valueSize: Int
    private let get: Template
    private let put: Template

    init(valueSize: Int) {
        self.valueSize = valueSize
        get = Template(Self.command([Array("GET".utf8), Name.template]), valueSize: 0)
        put = Template(
            Self.command([Array("SET".utf8), Name.template, Value.template(valueSize)]), valueSize: valueSize, valueFromEnd: 2)
    }

    private static func command(_ words: [[UInt8]]) -> [UInt8] {
        words.reduce(Array("*\(words.count)\r\n".utf8)) { $0 + Array("$\($1.count)\r\n".utf8) + $1 + [13, 10] }
    }

    var longestRequest: Int { max(get.bytes.count, put.bytes.count) }
    var longestAnswer: Int { valueSize + 32 }

    func greet(_ fd: Int32) {
        let ping = Self.command([Array("PING".utf8)])
        guard ping.withUnsafeBytes({ send(fd, $0.baseAddress, $0.count, 0) }) == ping.count else { fail("PING: \(describe(errno))") }
        var answer = [UInt8](repeating: 0, count: 64)
        let length = recv(fd, &answer, answer.count, 0)
        if length < 0 { fail("PING: \(describe(errno))") }
        guard length == 7, answer.starts(with: Array("+PONG\r\n".utf8)) else { fail("redis did not answer PING with PONG") }
    }

    @inline(__always)
    func writeRequest(_ kind: Kind, key: UInt64, slot: Int, at out: UnsafeMutableRawPointer) -> Int {
        switch kind {
        case .get: get.write(key: key, valueSize: 0, at: out)
        case .put: put.write(key: key, valueSize: valueSize, at: out)
        case .verify, .token: fail("redis-server has neither API keys nor credentials")
        }
    }

    func parse(_ buffer: UnsafeRawBufferPointer, expected: (Int) -> (kind: Kind, key: UInt64)?) -> Parsed {
        guard let end = endOfLine(buffer) else {
            return buffer.count > 65_536 ? .broken("a line without an end") : .incomplete
        }
        let line = end + 2
        guard let request = expected(-1) else { return .broken("an answer that nobody asked for") }
        switch buffer[0] {
        case UInt8(ascii: "$"):
            guard let length = number(buffer, 1, end) else { return .broken("a length that is no number") }
            if length == -1 { return .bad(tag: -1, consumed: line, what: "nil") }
            guard length >= 0, length <= 512 << 20 else { return .broken("a length of \(length)") }
            guard buffer.count >= line + length + 2 else { return .incomplete }
            guard buffer[line + length] == 13, buffer[line + length + 1] == 10 else { return .broken("a value without its end") }
            guard request.kind == .get, length == valueSize else {
                return .bad(tag: -1, consumed: line + length + 2, what: "a value of \(length) bytes")
            }
            guard Value.belongs(to: request.key, buffer.baseAddress! + line, size: length) else {
                return .bad(tag: -1, consumed: line + length + 2, what: "the value of another key")
            }
            return .good(tag: -1, consumed: line + length + 2)
        case UInt8(ascii: "+") where request.kind == .put && end == 3 && buffer[1] == UInt8(ascii: "O") && buffer[2] == UInt8(ascii: "K"):
            return .good(tag: -1, consumed: line)
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ":"):
            return .bad(tag: -1, consumed: line, what: String(decoding: buffer[..<end], as: UTF8.self))
        default:
            return .broken("an answer of unknown type")
        }
    }

    @inline(__always)
    private func endOfLine(_ buffer: UnsafeRawBufferPointer) -> Int? {
        var at = 0
        while at + 1 < buffer.count {
            if buffer[at] == 13, buffer[at + 1] == 10 { return at }
            at += 1
        }
        return nil
    }

    @inline(__always)
    private func number(_ buffer: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int? {
        let negative = start < end && buffer[start] == UInt8(ascii: "-")
        var value = 0
        let first = negative ? start + 1 : start
        guard first < end, end - first < 18 else { return nil }
        for at in first..<end {
            guard buffer[at] >= 0x30, buffer[at] <= 0x39 else { return nil }
            value = value * 10 + Int(buffer[at] - 0x30)
        }
        return negative ? -value : value
    }
}
