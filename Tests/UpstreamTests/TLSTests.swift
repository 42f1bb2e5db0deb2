import CofferUpstream
import Glibc
import Testing

/// TLS against OpenSSL's test server with a certificate of our own.
@Suite struct TLSTests {
    private func send(_ url: String, authorities: String?) async throws -> StepResult {
        var options = CurlOptions()
        options.authorities = authorities
        let transport = try CurlTransport(options: options)
        return await transport.send(try Samples.call("url: \"{url}\"\nanswer: any\ntimeout: 10000", ["url": url]))
    }

    @Test func verifies() async throws {
        let server = try TLSServer()
        // Not known to the system: refused before a byte of the request.
        let unknown = try await send("https://localhost:\(server.port)/", authorities: nil)
        #expect(unknown.verdict == .down)
        #expect(!unknown.wasSent)
        #expect(unknown.reason == "the TLS certificate does not verify")
        // Known, and for this name.
        let known = try await send("https://localhost:\(server.port)/", authorities: server.certificate)
        #expect(known.verdict == .ok)
        #expect(known.wasSent)
        // Known, but for another name.
        let other = try await send("https://127.0.0.1:\(server.port)/", authorities: server.certificate)
        #expect(!other.wasSent)
        #expect(other.reason == "the TLS certificate does not verify")
    }

    @Test func authoritiesMustBeReadable() {
        var options = CurlOptions()
        options.authorities = "/nonexistent/ca.pem"
        #expect(throws: ProviderError("authorities", "the file '/nonexistent/ca.pem' cannot be read")) { try CurlTransport(options: options) }
    }
}

/// `openssl s_server -www` on a free port.
private final class TLSServer {
    let port: UInt16
    let certificate: String
    private let folder: String
    private var process = pid_t()

    init() throws {
        var template = Array("/tmp/coffer-tls-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestServerError() }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        certificate = folder + "/cert.pem"
        let made = try Self.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-keyout", folder + "/key.pem", "-out", certificate,
        ])
        var status: Int32 = 0
        waitpid(made.process, &status, 0)
        close(made.output)
        guard status == 0 else { throw TestServerError() }
        let server = try Self.run(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", folder + "/key.pem", "-www", "-4"])
        process = server.process
        // "ACCEPT 127.0.0.1:43211"
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(server.output, &byte, 1) == 1 {
            if byte == 0x0A {
                if line.starts(with: "ACCEPT ".utf8) { break }
                line = []
            } else {
                line.append(byte)
            }
        }
        guard let port = String(decoding: line, as: UTF8.self).split(separator: ":").last.flatMap({ UInt16($0) }) else { throw TestServerError() }
        self.port = port
    }

    deinit {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        for name in ["/cert.pem", "/key.pem"] { unlink(folder + name) }
        rmdir(folder)
    }

    private static func run(_ arguments: [String]) throws -> (process: pid_t, output: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw TestServerError() }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        var process = pid_t()
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let code = posix_spawnp(&process, "openssl", &actions, nil, &pointers, nil)
        close(ends[1])
        guard code == 0 else { throw TestServerError() }
        return (process, ends[0])
    }
}
