import CofferWire
import Glibc

/// cofferd over the wire protocol. The request id is the slot's number plus one: 0 is the connection itself.
final class CofferTarget: Target {
    static let answersInOrder = false
    private let valueSize: Int
    private let tenant: String
    private let get: Template
    private let put: Template
    private let verify: Template
    private let token: Template

    /// - Parameters:
    ///   - address: who presents the API keys that are verified: no bytes, 4 or 16.
    ///   - model: what they are to be used for; empty: not asked.
    init(valueSize: Int, tenant: String, address: [UInt8], model: String) {
        self.valueSize = valueSize
        self.tenant = tenant
        get = Template(Self.frame(.get, Request(GetRequest(name: Name.template))), valueSize: 0)
        let request = Request(PutRequest(name: Name.template, value: Value.template(valueSize)))
        put = Template(Self.frame(.put, request), valueSize: valueSize)
        verify = Template(Self.frame(.verify, Request(VerifyRequest(key: Name.template, address: address, model: model))), valueSize: 0)
        token = Template(Self.frame(.token, Request(TokenRequest(name: Name.templateText))), valueSize: 0)
    }

    private static func frame(_ operation: CofferWire.Operation, _ message: some WireMessage, id: UInt32 = 1) -> [UInt8] {
        let body = message.encoded()
        var frame = [UInt8](repeating: 0, count: FrameHeader.size)
        frame.withUnsafeMutableBytes {
            FrameHeader(kind: .request, operation: operation, requestID: id).write(to: $0.baseAddress!, bodyLength: body.count)
        }
        return frame + body
    }

    var longestRequest: Int { max(get.bytes.count, put.bytes.count, verify.bytes.count, token.bytes.count) }
    /// A verdict, a token, or of a get: three numbers, two lengths, the value (we write no content type); both behind an error code.
    var longestAnswer: Int { FrameHeader.size + 2 + max(24 + 5 + valueSize + Limits.contentType, VerifyResponse.largestSize, Self.tokenSize) }

    func greet(_ fd: Int32) {
        let hello: HelloResponse = call(
            fd, .hello, Request(HelloRequest(tenant: tenant, clientName: "coffer-bench/1")), limit: Limits.handshakeFrame)
        if hello.locked { fail("the store is locked") }
        let _: Empty = call(fd, .confirm, Request(ConfirmRequest(nonce: hello.nonce)), limit: Limits.frame)
    }

    /// One request and its answer, blocking.
    private func call<Success: WireMessage>(
        _ fd: Int32, _ operation: CofferWire.Operation, _ message: some WireMessage, limit: Int
    ) -> Success {
        let frame = Self.frame(operation, message)
        guard frame.withUnsafeBytes({ send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }) == frame.count
        else { fail("\(operation): \(describe(errno))") }
        var buffer: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while true {
            switch buffer.withUnsafeBytes({ FrameScan.scan($0, limit: limit) }) {
            case .incomplete:
                let length = recv(fd, &piece, piece.count, 0)
                guard length > 0 else { fail("\(operation): \(length == 0 ? "the server closed the connection" : describe(errno))") }
                buffer += piece[..<length]
            case .malformed(let error):
                fail("\(operation): \(error)")
            case .frame(let header, let body):
                guard header.kind == .response, buffer.count == body.upperBound,
                    let answer = try? Answer<Success>(decoding: Array(buffer[body]))
                else { fail("\(operation): an answer that is none") }
                switch answer {
                case .success(let success): return success
                case .failure(let failure): fail("\(operation): \(failure.code): \(failure.message)")
                }
            }
        }
    }

    @inline(__always)
    func writeRequest(_ kind: Kind, key: UInt64, slot: Int, at out: UnsafeMutableRawPointer) -> Int {
        let length = switch kind {
        case .get: get.write(key: key, valueSize: 0, at: out)
        case .put: put.write(key: key, valueSize: valueSize, at: out)
        case .verify: verify.write(key: key, valueSize: 0, at: out)
        case .token: token.write(key: key, valueSize: 0, at: out)
        }
        out.storeBytes(of: UInt32(truncatingIfNeeded: slot + 1).bigEndian, toByteOffset: 8, as: UInt32.self)
        return length
    }

    func parse(_ buffer: UnsafeRawBufferPointer, expected: (Int) -> (kind: Kind, key: UInt64)?) -> Parsed {
        switch FrameScan.scan(buffer, limit: Limits.frame) {
        case .incomplete:
            return .incomplete
        case .malformed(let error):
            return .broken("\(error)")
        case .frame(let header, let body):
            let tag = Int(header.requestID) - 1
            let answer = UnsafeRawBufferPointer(rebasing: buffer[body])
            guard header.kind == .response, let request = expected(tag),
                header.operation == Self.operation(of: request.kind).rawValue
            else { return .broken(stray(header, answer)) }
            let what = switch request.kind {
            case .verify: wrongVerdict(answer, request.key)
            case .token: wrongToken(answer, request.key)
            case .get, .put: wrong(answer, request)
            }
            guard let what else { return .good(tag: tag, consumed: body.upperBound) }
            return .bad(tag: tag, consumed: body.upperBound, what: what)
        }
    }

    @inline(__always)
    private static func operation(of kind: Kind) -> CofferWire.Operation {
        switch kind {
        case .get: .get
        case .put: .put
        case .verify: .verify
        case .token: .token
        }
    }

    /// Names what is wrong with an answer, if anything. Reads the fields in place: decoding would copy the value.
    @inline(__always)
    private func wrong(_ answer: UnsafeRawBufferPointer, _ request: (kind: Kind, key: UInt64)) -> String? {
        var decoder = WireDecoder(answer)
        do throws(WireError) {
            guard try decoder.u16("error") == ErrorCode.ok.rawValue else { return failureName(answer) }
            _ = try decoder.u64("version")
            _ = try decoder.u64("revision")
            if request.kind == .put {
                try decoder.finish()
                return nil
            }
            _ = try decoder.u64("expires")
            let contentType = Int(try decoder.u8("content_type_length"))
            let length = Int(try decoder.u32("value_length"))
            guard length == valueSize else { return "a value of \(length) bytes" }
            let value = try decoder.slice("value", count: length)
            _ = try decoder.slice("content_type", count: contentType)
            try decoder.finish()
            return Value.belongs(to: request.key, value.baseAddress ?? answer.baseAddress!, size: length) ? nil : "the value of another key"
        } catch {
            return "\(error)"
        }
    }

    func failureName(_ answer: UnsafeRawBufferPointer) -> String {
        guard let failure = try? Failure(decoding: answer) else { return "an error that cannot be read" }
        return "\(failure.code)"
    }

    private func stray(_ header: FrameHeader, _ answer: UnsafeRawBufferPointer) -> String {
        let error = (try? Failure(decoding: answer)).map { ": \($0.code): \($0.message)" } ?? ""
        return "a frame of kind \(header.kind), operation \(header.operation), id \(header.requestID)" + error
    }
}
