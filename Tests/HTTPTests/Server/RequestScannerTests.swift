@testable import CofferHTTP
import NIOCore
import Testing

/// The scanner without a socket: each request is fed whole, byte by byte, and in pieces of three.
@Suite struct RequestScannerTests {
    /// What the parser would get of one request; `bodyLength` is what it would say of the head.
    private func passed(_ text: String, by size: Int, bodyLength: Int?, ends: String) -> String {
        var scanner = RequestScanner(maximumLine: 100, maximumHead: 200)
        var buffer = ByteBuffer()
        var out = ""
        var headWasRead = false
        for start in stride(from: 0, to: text.utf8.count, by: size) {
            buffer.writeBytes(Array(text.utf8.dropFirst(start).prefix(size)))
            while case .pass(let piece) = scanner.step(&buffer) {
                out += String(decoding: piece.readableBytesView, as: UTF8.self)
                if !headWasRead, out.hasSuffix("\r\n\r\n"), out.utf8.count > 4 {
                    headWasRead = true
                    scanner.headWasRead(bodyLength: bodyLength)
                    if bodyLength == 0 { scanner.requestEnded() }
                } else if headWasRead, out.hasSuffix(ends) {
                    scanner.requestEnded()
                }
            }
        }
        return out
    }

    @Test(arguments: [1, 3, 1_000])
    func onlyTheLineIsEscaped(size: Int) {
        let text = "\r\nGET /\u{FC}?\u{FF} HTTP/1.1\r\nX: y\r\n\r\nGET /held"
        #expect(passed(text, by: size, bodyLength: 0, ends: "") == "\r\nGET /%C3%BC?%C3%BF HTTP/1.1\r\nX: y\r\n\r\n")
    }

    @Test(arguments: [1, 3, 1_000])
    func bodiesPassUpToTheirEnd(size: Int) {
        let head = "POST / HTTP/1.1\r\nX: y\r\n\r\n"
        #expect(passed(head + "abcdeGET /held", by: size, bodyLength: 5, ends: "abcde") == head + "abcde")
        let chunks = "3\r\na\nb\r\n0\r\n\r\n"
        #expect(passed(head + chunks + "GET /held", by: size, bodyLength: nil, ends: "0\r\n\r\n") == head + chunks)
    }

    @Test func limits() {
        var scanner = RequestScanner(maximumLine: 10, maximumHead: 10)
        var line = ByteBuffer(string: "GET /1234567")
        #expect(scanner.step(&line) == .refuse(.lineTooLong))
        scanner = RequestScanner(maximumLine: 20, maximumHead: 10)
        var head = ByteBuffer(string: "GET / HTTP/1.1\r\nX: 1234567890\r\n")
        guard case .pass = scanner.step(&head) else { return #expect(Bool(false), "the line is short enough") }
        #expect(scanner.hasLine && scanner.line == Array("GET / HTTP/1.1".utf8))
        #expect(scanner.step(&head) == .refuse(.headTooLong))
        var empty = ByteBuffer(string: String(repeating: "\r\n", count: 20))
        scanner = RequestScanner(maximumLine: 20, maximumHead: 10)
        while case .pass = scanner.step(&empty) {}
        #expect(scanner.step(&empty) == .refuse(.lineTooLong))
    }
}
