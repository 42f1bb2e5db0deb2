import CLinux
import Glibc
import Synchronization

@testable import CofferClient

/// A server for tests: a thread that lets one script after the other handle one connection each. After the last
/// script it stops listening.
final class ScriptedServer: Sendable {
    typealias Script = @Sendable (borrowing ServerConnection) throws -> Void

    let path: String
    private let folder: String
    private let scripts: [Script]
    private let listener: Int32
    private let state = Mutex<[String]>([])

    /// Errors of scripts.
    var problems: [String] { state.withLock { $0 } }

    init(_ scripts: [Script]) throws {
        var template = Array("/tmp/coffer-client-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ServerProblem(text: "mkdtemp") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = folder + "/s"
        self.scripts = scripts
        listener = try Self.listen(path)
        let context = Unmanaged.passRetained(self)
        let error = coffer_client_thread(
            { argument in
                guard let argument else { return }
                Unmanaged<ScriptedServer>.fromOpaque(argument).takeRetainedValue().run()
            }, context.toOpaque(), "scripted-server")
        guard error == 0 else { throw ServerProblem(text: "thread \(error)") }
    }

    deinit { rmdir(folder) }

    private static func listen(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, Glibc.listen(descriptor, 16) == 0 else { throw ServerProblem(text: "bind \(errno)") }
        return descriptor
    }

    private func run() {
        for script in scripts {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            // A test that goes wrong ends.
            var patience = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            do {
                try script(ServerConnection(descriptor: descriptor))
            } catch {
                state.withLock { $0.append("\(error)") }
            }
        }
        close(listener)
        unlink(path)
    }
}

struct ServerProblem: Error { var text: String }

/// The server's end of one connection, blocking. Closed when the script ends.
struct ServerConnection: ~Copyable {
    let descriptor: Int32

    deinit { close(descriptor) }

    func readBytes(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + done }, count - done) }
            guard got > 0 else { throw ServerProblem(text: "read \(got) \(errno)") }
            done += got
        }
        return bytes
    }

    /// The next frame.
    func receive() throws -> (header: FrameHeader, body: [UInt8]) {
        var bytes = try readBytes(FrameHeader.size)
        let length = bytes.withUnsafeBytes { Int(UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self))) }
        bytes += try readBytes(length - FrameHeader.countedSize)
        guard case .frame(let header, let body) = bytes.withUnsafeBytes({ FrameScan.scan($0, limit: Limits.frame) })
        else { throw ServerProblem(text: "not a frame") }
        return (header, Array(bytes[body]))
    }

    /// The next frame, which must be a request for `operation`.
    func request<Fields: WireMessage>(
        _ operation: CofferWire.Operation, _: Fields.Type
    ) throws -> (id: UInt32, deadline: UInt32, fields: Fields) {
        let (header, body) = try receive()
        guard header.kind == .request, header.operation == operation.rawValue else {
            throw ServerProblem(text: "\(header) instead of \(operation)")
        }
        let request = try Request<Fields>(decoding: body)
        return (header.requestID, request.deadline, request.fields)
    }

    /// The next frame, which must be of this kind.
    func expect<Message: WireMessage>(_ kind: FrameKind, _ id: UInt32, _: Message.Type) throws -> Message {
        let (header, body) = try receive()
        guard header.kind == kind, header.requestID == id else { throw ServerProblem(text: "\(header) for \(kind) \(id)") }
        return try Message(decoding: body)
    }

    func send(_ kind: FrameKind, _ operation: CofferWire.Operation?, _ id: UInt32, _ body: some WireMessage) throws {
        try send(frame(kind, operation, id, body))
    }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw ServerProblem(text: "send \(errno)") }
            rest = rest.dropFirst(sent)
        }
    }

    /// Plays the handshake.
    func greet(_ hello: HelloResponse = sampleHello()) throws {
        let greeting = try request(.hello, HelloRequest.self)
        try send(.response, .hello, greeting.id, Answer.success(hello))
        let confirm = try request(.confirm, ConfirmRequest.self)
        guard confirm.fields.nonce == hello.nonce else { throw ServerProblem(text: "wrong nonce") }
        try send(.response, .confirm, confirm.id, Answer.success(Empty()))
    }

    /// Answers one get with the name as the value.
    func answerGet() throws {
        let get = try request(.get, GetRequest.self)
        try send(
            .response, .get, get.id,
            Answer.success(GetResponse(version: 2, revision: 3, expires: 0, value: get.fields.name, contentType: "t")))
    }

    /// Waits until the client closes.
    func waitForEnd() {
        while (try? receive()) != nil {}
    }
}
