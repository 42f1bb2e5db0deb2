import Glibc

/// A request as it arrived.
struct TestRequest: Sendable {
    var method = ""
    var target = ""
    var head = ""
    var body = ""

    /// Of the first header of this name.
    func header(_ name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            if pair.count == 2, pair[0].lowercased() == name.lowercased() { return pair[1].drop { $0 == " " }.description }
        }
        return nil
    }
}

/// One accepted connection; blocking.
struct TestConnection: Sendable {
    let descriptor: Int32

    /// The next request; nil: the peer is gone.
    func readRequest() -> TestRequest? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        while !bytes.suffix(4).elementsEqual(end) {
            guard let byte = readByte() else { return nil }
            bytes.append(byte)
        }
        var request = TestRequest()
        request.head = String(decoding: bytes, as: UTF8.self)
        let words = request.head.split(separator: "\r\n").first?.split(separator: " ") ?? []
        request.method = words.first.map(String.init) ?? ""
        request.target = words.dropFirst().first.map(String.init) ?? ""
        let length = request.header("content-length").flatMap { Int($0) } ?? 0
        var body: [UInt8] = []
        while body.count < length {
            guard let byte = readByte() else { return nil }
            body.append(byte)
        }
        request.body = String(decoding: body, as: UTF8.self)
        return request
    }

    func readByte() -> UInt8? {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 1 ? byte : nil
    }

    func read(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let byte = readByte() else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// - Returns: whether all was taken.
    @discardableResult func write(_ bytes: some Collection<UInt8>) -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent <= 0 { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    @discardableResult func write(_ text: String) -> Bool { write(text.utf8) }

    func respond(_ status: Int, _ body: String, type: String = "application/json", more: String = "") {
        write("HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)")
    }

    /// Until the peer closes.
    func hang() { while readByte() != nil {} }
}
