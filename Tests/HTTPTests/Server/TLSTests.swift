import CofferHTTP
import Glibc
import Testing

/// TLS with certificates that openssl makes for the test.
@Suite struct TLSTests {
    @Test func servedRenewedAndRefused() async throws {
        let folder = try Folder()
        let files = TLSFiles(certificate: folder.path + "/cert.pem", key: folder.path + "/key.pem")
        await folder.makePair(name: "first")
        var limits = HTTPLimits()
        limits.certificateSeconds = 0.05
        try await TestServer.run(tls: files, limits: limits) { server in
            let port = server.port
            #expect(await folder.request(port).contains("secure=True subject=first 200"))
            #expect(await folder.request(port).contains("secure=true"))
            // Too old, and not TLS at all.
            #expect(await folder.request(port, arguments: "1.1").contains("failed"))
            let plain = try await RawClient.get(port, "/")
            #expect(!plain.contains("HTTP/1.1 200"))
            // A key that does not fit changes nothing.
            await folder.makePair(name: "other", into: "other-")
            folder.move("other-key.pem", "key.pem")
            await server.log.line { $0.contains("the new certificate is not used") }
            #expect(await folder.request(port).contains("subject=first 200"))
            folder.move("other-cert.pem", "cert.pem")
            await server.log.line { $0.contains("certificate renewed") }
            #expect(await folder.request(port).contains("subject=other 200"))
        }
    }

    @Test func badFiles() async throws {
        let folder = try Folder()
        await folder.makePair(name: "first")
        let files = TLSFiles(certificate: folder.path + "/cert.pem", key: folder.path + "/key.pem")
        func refusal(_ files: TLSFiles) throws -> String {
            let settings = try HTTPSettings(doors: [DoorListen(door: EchoDoor(), address: TestServer.loopback)], tls: files)
            do throws(HTTPServerError) {
                _ = try HTTPServer(settings: settings, logger: LogLines().logger)
                return ""
            } catch {
                #expect(error.kind == .certificate)
                return error.description
            }
        }
        #expect(try refusal(files) == "")
        chmod(files.key, 0o640)
        #expect(try refusal(files) == "")
        chmod(files.key, 0o644)
        #expect(try refusal(files).hasPrefix("others may read or write the private key \(files.key)"))
        chmod(files.key, 0o600)
        #expect(try refusal(TLSFiles(certificate: files.key, key: files.key)) == "\(files.key) holds no PEM certificate")
        #expect(
            try refusal(TLSFiles(certificate: files.certificate, key: folder.path + "/none")).hasSuffix("/none: No such file or directory"))
        await folder.makePair(name: "other", into: "other-")
        #expect(try refusal(TLSFiles(certificate: files.certificate, key: folder.path + "/other-key.pem")).contains("is not the key of"))
    }
}

/// A folder of the test's own, and the two programs that it runs.
private struct Folder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/coffer-tls-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    func move(_ from: String, _ to: String) { rename("\(path)/\(from)", "\(path)/\(to)") }

    func makePair(name: String, into prefix: String = "") async {
        _ = await run(
            """
            umask 077; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=\(name) \
            -keyout \(path)/\(prefix)key.pem -out \(path)/\(prefix)cert.pem 2>&1
            """)
    }

    /// Whom the server said it is, and what its door answered.
    func request(_ port: Int, arguments version: String = "1.3") async -> String {
        await run(
            """
            python3 - <<'END' 2>&1
            import socket, ssl
            context = ssl.create_default_context(cafile='\(path)/cert.pem')
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if '\(version)' == '1.1':
                context.set_ciphers('ALL:@SECLEVEL=0')
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            try:
                with context.wrap_socket(socket.create_connection(('127.0.0.1', \(port)), 5)) as s:
                    s.sendall(b'GET /tls HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n')
                    answer = b''
                    while True:
                        more = s.recv(65536)
                        if not more: break
                        answer += more
                    der = s.getpeercert(True)
                    name = 'first' if b'first' in der else 'other' if b'other' in der else '?'
                    print('secure=True subject=%s %s' % (name, answer.split()[1].decode()))
                    print(answer.decode())
            except (ssl.SSLError, OSError) as error:
                print('failed', error)
            END
            """)
    }

    private func run(_ command: String) async -> String {
        await BlockingThread.run {
            guard let pipe = popen(command, "r") else { return "" }
            var bytes: [UInt8] = []
            var byte = fgetc(pipe)
            while byte != EOF {
                bytes.append(UInt8(truncatingIfNeeded: byte))
                byte = fgetc(pipe)
            }
            pclose(pipe)
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
