import CofferStore
import CofferUpstream
import Glibc
import Synchronization
import Testing

/// Calls over libcurl against servers of the test.
@Suite struct TransportTests {
    private let transport: CurlTransport

    init() throws { transport = try CurlTransport() }

    private static let refreshLines = """
        url: "{url}"
        method: POST
        timeout: 5000
        consumes: refresh
        form: { refresh_token: "{refresh}" }
        take: { access: /access_token, refresh: { pointer: /refresh_token, optional: true } }
        rules:
          - { when: { status: [400, 401, 403] }, verdict: dead }
        """

    private func refresh(_ url: String, proxy: String? = nil, rules: AddressRules = .standard, timeout: Int = 5_000) async throws -> StepResult {
        let lines = Self.refreshLines.replacing("timeout: 5000", with: "timeout: \(timeout)")
        return await transport.send(try Samples.call(lines, ["url": url, "refresh": "the-refresh-token"], proxy: proxy, rules: rules))
    }

    @Test func sendsOneHonestRequest() async throws {
        let server = try TestServer.json(#"{"access_token":"A","refresh_token":"R2"}"#)
        let result = try await refresh(server.url + "/t?x=1")
        #expect(result.verdict == .ok)
        #expect(result.wasSent)
        #expect(text(result.values["refresh"]) == "R2")
        let request = try #require(server.requests.first)
        #expect(server.requests.count == 1)
        #expect(request.method == "POST")
        #expect(request.target == "/t?x=1")
        #expect(request.body == "refresh_token=the-refresh-token")
        #expect(request.header("user-agent") == "coffer/0.1")
        #expect(request.header("expect") == nil)
        #expect(request.header("cookie") == nil)
        #expect(request.header("content-type") == "application/x-www-form-urlencoded")
        #expect(request.header("authorization") == nil)
    }

    @Test func largeBodiesWaitForNoContinue() async throws {
        let server = try TestServer.json("{}")
        let provider = try Samples.provider("url: \"{url}\"\nform: { a: \"{access}\" }")
        let call = try provider.prepare(#require(provider.step("call")), values: secrets(["url": server.url, "access": String(repeating: "x", count: 200_000)]))
        #expect(await transport.send(call).verdict == .ok)
        #expect(server.requests.first?.header("expect") == nil)
        #expect(server.requests.first?.body.utf8.count == 200_002)
    }

    @Test(arguments: ["GET", "DELETE", "PUT", "PATCH", "POST"])
    func methodsWithoutBody(_ method: String) async throws {
        let server = try TestServer.json("{}")
        let call = try Samples.call("url: \"{url}\"\nmethod: \(method)\nheaders: { X-Key: \"{key}\" }", ["url": server.url, "key": "k y"])
        #expect(await transport.send(call).verdict == .ok)
        #expect(server.requests.first?.method == method)
        #expect(server.requests.first?.header("x-key") == "k y")
        #expect(server.requests.first?.header("content-type") == nil)
    }

    @Test(arguments: ["PUT", "DELETE", "PATCH"])
    func methodsWithBody(_ method: String) async throws {
        let server = try TestServer.json("{}")
        let call = try Samples.call("url: \"{url}\"\nmethod: \(method)\njson: { a: 1 }", ["url": server.url])
        #expect(await transport.send(call).verdict == .ok)
        #expect(server.requests.first?.method == method)
        #expect(server.requests.first?.body == #"{"a":1}"#)
        #expect(server.requests.first?.header("content-type") == "application/json")
    }

    @Test func pathIsSentAsItIs() async throws {
        let server = try TestServer.json("{}")
        #expect(await transport.send(try Samples.call("url: \"{url}/a//../b/./c/{opt}\"", ["url": server.url, "opt": "x&expires_in=-1"])).verdict == .ok)
        #expect(server.requests.first?.target == "/a//../b/./c/x%26expires_in%3D-1")
    }

    // MARK: Answers that are none

    @Test func redirectIsNotFollowed() async throws {
        let target = try TestServer.json(#"{"access_token":"A"}"#)
        let targetURL = target.url
        let server = try TestServer.answering { _, connection in
            connection.respond(307, "{}", more: "Location: \(targetURL)/x\r\n")
            return true
        }
        let result = try await refresh(server.url)
        #expect(result.verdict == .down)
        #expect(result.status == 307)
        #expect(result.wasSent)
        #expect(target.connectionCount == 0)
    }

    @Test func brokenOffAnswer() async throws {
        let server = try TestServer.answering { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"access_token\":\"A\",\"refresh_token\":\"R2\"}")
            return false
        }
        let result = try await refresh(server.url)
        #expect(result.verdict == .down)
        #expect(result.wasSent)
        #expect(!result.isUnused)
        #expect(result.reason == "the answer broke off")
        #expect(text(result.body) == #"{"access_token":"A","refresh_token":"R2"}"#)
        #expect(server.requests.count == 1)
    }

    @Test func deadlyLookingAnswerThatBreaksOffIsNoVerdict() async throws {
        let server = try TestServer.answering { _, connection in
            connection.write("HTTP/1.1 401 No\r\nContent-Length: 50\r\n\r\n{")
            return false
        }
        #expect(try await refresh(server.url).verdict == .down)
    }

    @Test func closedAfterRequest() async throws {
        let server = try TestServer.answering { _, _ in false }
        let result = try await refresh(server.url)
        #expect(result.verdict == .down)
        #expect(result.wasSent)
        #expect(!result.isUnused)
        #expect(server.requests.count == 1)
    }

    @Test func hangsAfterRequest() async throws {
        let server = try TestServer.answering { _, connection in
            connection.hang()
            return false
        }
        let result = try await refresh(server.url, timeout: 1_000)
        #expect(result.verdict == .down)
        #expect(result.wasSent)
        #expect(result.reason == "no answer in time")
    }

    @Test func slowAnswerEndsAtTheTotalTime() async throws {
        let server = try TestServer.answering { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{\"access_token\":\"A")
            connection.hang()
            return false
        }
        let result = try await refresh(server.url, timeout: 1_000)
        #expect(result.verdict == .down)
        #expect(text(result.body) == "{\"access_token\":\"A")
    }

    @Test func splitAndChunkedAnswer() async throws {
        let server = try TestServer.answering { _, connection in
            for piece in ["HTTP/1.1 103 Early\r\nX: y\r\n\r\nHT", "TP/1.1 200 OK\r\nTransfer-", "Encoding: chunked\r\n\r\n5\r\n{\"acc\r\n", "11\r\ness_token\":\"A\" } \r\n0\r\n", "\r\n"] {
                connection.write(piece)
            }
            return true
        }
        let result = try await refresh(server.url)
        #expect(result.verdict == .ok)
        #expect(text(result.values["access"]) == "A")
    }

    @Test func chunksThatEndEarly() async throws {
        let server = try TestServer.answering { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"access_token\":\"A\"}\r\n")
            return false
        }
        let result = try await refresh(server.url)
        #expect(result.verdict == .down)
        #expect(text(result.body) == "{\"access_token\":\"A\"}")
    }

    @Test func hugeAnswer() async throws {
        let server = try TestServer.answering { _, connection in
            let body = "{\"access_token\":\"A\",\"x\":\"" + String(repeating: "x", count: 2 << 20) + "\"}"
            connection.respond(200, body)
            return false
        }
        let result = try await refresh(server.url)
        #expect(result.verdict == .down)
        #expect(result.body?.count == 1 << 20)
        #expect(result.reason.hasPrefix("the answer is longer than 1048576 bytes"))
    }

    @Test func manyHeaders() async throws {
        let server = try TestServer.answering { _, connection in
            connection.respond(200, #"{"access_token":"A"}"#, more: (0..<70).map { "X-\($0): \(String(repeating: "y", count: 1_000))\r\n" }.joined())
            return false
        }
        #expect(try await refresh(server.url).verdict == .down)
    }

    @Test func gzip() async throws {
        // printf '{"access_token":"A"}' | gzip -n
        let zipped: [UInt8] = [
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xAB, 0x56, 0x4A, 0x4C, 0x4E, 0x4E, 0x2D, 0x2E, 0x8E, 0x2F, 0xC9, 0xCF, 0x4E, 0xCD, 0x53, 0xB2,
            0x52, 0x72, 0x54, 0xAA, 5, 0, 0xCC, 0xEF, 0x6F, 0x96, 0x14, 0, 0, 0,
        ]
        let server = try TestServer.answering { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(zipped.count)\r\n\r\n")
            connection.write(zipped)
            return true
        }
        let result = try await refresh(server.url)
        #expect(text(result.body) == #"{"access_token":"A"}"#)
        #expect(result.verdict == .ok)
        #expect(server.requests.first?.header("accept-encoding") == "gzip, deflate")
    }

    /// Four MiB of zeros in four KiB: the limit counts after decompression.
    @Test func gzipBomb() async throws {
        let head: [UInt8] = [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 1, 1, 0, 0, 0, 130, 32, 255, 175, 110, 72, 64, 1]
        let tail: [UInt8] = [124, 27, 106, 64, 71, 17, 0, 0, 64, 0]
        let bomb = head + [UInt8](repeating: 0, count: 4063) + tail
        let server = try TestServer.answering { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
            connection.write(bomb)
            return true
        }
        let result = try await refresh(server.url)
        #expect(result.verdict == .down)
        #expect(result.body?.count == 1 << 20)
    }

    @Test func html() async throws {
        let server = try TestServer.answering { _, connection in
            connection.respond(200, "<html>Welcome</html>", type: "text/html")
            return true
        }
        let result = try await refresh(server.url)
        #expect(result.verdict == .down)
        #expect(result.reason == "HTTP 200: the answer is not JSON")
    }

    @Test func notHTTP() async throws {
        let server = try TestServer.answering { _, connection in
            connection.write("SSH-2.0-OpenSSH_9.2\r\n")
            return false
        }
        let result = try await refresh(server.url)
        #expect(result.verdict == .down)
        #expect(result.wasSent)
    }

    // MARK: What was sent

    @Test func connectionRefused() async throws {
        let server = try TestServer.json("{}")
        let url = server.url
        server.stop()
        let result = try await refresh(url)
        #expect(result.verdict == .down)
        #expect(!result.wasSent)
        #expect(result.isUnused)
        #expect(result.status == 0)
        #expect(result.reason == "no connection to the upstream")
    }

    @Test func unknownName() async throws {
        let result = try await refresh("http://nothing.invalid/")
        #expect(result.verdict == .down)
        #expect(!result.wasSent)
    }

    @Test func noHandshake() async throws {
        // https to a server that speaks none.
        let server = try TestServer { _, connection in connection.hang() }
        let result = try await refresh("https://127.0.0.1:\(server.port)/", timeout: 1_000)
        #expect(result.verdict == .down)
        #expect(!result.wasSent)
        #expect(result.isUnused)
    }

    /// libcurl sends a request again by itself where a kept connection turns out dead. A single-use token must not be sent twice.
    @Test func neverStepsUseNoKeptConnection() async throws {
        // The first request is answered; a second one on the same connection is read and the connection closed.
        let counts = Mutex<[Int32: Int]>([:])
        let server = try TestServer.answering { request, connection in
            let count = counts.withLock { counts in
                counts[connection.descriptor, default: 0] += 1
                return counts[connection.descriptor] ?? 0
            }
            if count > 1 {
                counts.withLock { $0[connection.descriptor] = nil }
                return false
            }
            connection.respond(200, #"{"access_token":"A"}"#)
            return true
        }
        let safe = try Samples.call("url: \"{url}\"\nmethod: POST\nform: { a: b }", ["url": server.url])
        #expect(await transport.send(safe).verdict == .ok)
        // This is what would happen to a step that may be repeated: two requests for one call.
        #expect(await transport.send(safe).verdict == .ok)
        #expect(server.requests.count == 3)
        // And this is the same for one that may not.
        #expect(try await refresh(server.url).verdict == .ok)
        #expect(server.requests.count == 4)
        #expect(server.requests.filter { $0.body.contains("refresh_token") }.count == 1)
    }

    // MARK: Addresses

    @Test func loopbackOnlyByName() async throws {
        let server = try TestServer.json(#"{"access_token":"A"}"#)
        #expect(try await refresh("http://localhost:\(server.port)/").verdict == .ok)
        #expect(try await refresh("http://127.0.0.1:\(server.port)/").verdict == .ok)
        #expect(throws: ProviderError.self) { try Samples.call(Self.refreshLines, ["url": "http://2130706433:\(server.port)/", "refresh": "r"]) }
    }

    /// The connected address counts, not the name: libcurl resolves every name below `.localhost` to loopback by itself.
    @Test func nameThatLeadsToLoopback() async throws {
        let server = try TestServer.json(#"{"access_token":"A"}"#)
        let url = "http://upstream.localhost:\(server.port)/"
        let refused = try await refresh(url)
        #expect(refused.verdict == .down)
        #expect(refused.reason == "the address is not allowed")
        #expect(!refused.wasSent)
        #expect(refused.isUnused)
        #expect(server.connectionCount == 0)
        let rules = try AddressRules(allowed: ["127.0.0.0/8", "::1"])
        #expect(try await refresh(url, rules: rules).verdict == .ok)
    }

    // MARK: Many, and the end

    @Test func manyAtOnce() async throws {
        let server = try TestServer.json(#"{"access_token":"A"}"#)
        let results = try await withThrowingTaskGroup(of: StepResult.self) { group in
            for _ in 0..<100 { group.addTask { try await refresh(server.url, timeout: 60_000) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.filter { $0.verdict == .ok }.count == 100)
        #expect(server.requests.count == 100)
    }

    @Test func waitingCallsAreSentInTheirTurn() async throws {
        var options = CurlOptions()
        options.maximumTransfers = 2
        let narrow = try CurlTransport(options: options)
        let server = try TestServer.json("{}")
        let call = try Samples.call("url: \"{url}\"\ntimeout: 60000", ["url": server.url])
        let results = await withTaskGroup(of: StepResult.self) { group in
            for _ in 0..<20 { group.addTask { await narrow.send(call) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.filter { $0.verdict == .ok }.count == 20)
    }

    @Test func stopAbandons() async throws {
        let arrived = AsyncStream<Void>.makeStream()
        let server = try TestServer.answering { _, connection in
            arrived.continuation.yield()
            connection.hang()
            return false
        }
        let own = try CurlTransport()
        let call = try Samples.call(Self.refreshLines, ["url": server.url, "refresh": "r"])
        async let running = own.send(call)
        for await _ in arrived.stream { break }
        own.stop()
        let result = await running
        #expect(result.verdict == .down)
        #expect(result.wasSent)
        #expect(result.reason == "stopped before the answer came")
        let late = await own.send(call)
        #expect(late.verdict == .down)
        #expect(!late.wasSent)
        own.stop()
    }

    @Test func stopWithinACompletion() async throws {
        let own = try CurlTransport()
        let server = try TestServer.json("{}")
        let call = try Samples.call("url: \"{url}\"", ["url": server.url])
        let verdict = await withCheckedContinuation { continuation in
            own.send(call) { result in
                own.stop()
                continuation.resume(returning: result.verdict)
            }
        }
        #expect(verdict == .ok)
    }
}
