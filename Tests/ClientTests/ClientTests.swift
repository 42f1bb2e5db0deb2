import Glibc
import Testing

@testable import CofferClient

func text(_ secret: SecretBytes) -> String {
    secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

func client(_ server: ScriptedServer, requestTimeout: Duration = .seconds(10)) throws -> CofferClient {
    try CofferClient(ClientConfiguration(
        socketPath: server.path, requestTimeout: requestTimeout, backoffInitial: .milliseconds(1)))
}

@Suite("CofferClient against a scripted server", .timeLimit(.minutes(1)))
struct ClientTests {
    @Test("connects, greets, gets")
    func get() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            let get = try connection.request(.get, GetRequest.self)
            guard get.deadline > 9_000, get.deadline <= 10_000, get.fields.version == 4 else {
                throw ServerProblem(text: "\(get)")
            }
            let answer = GetResponse(version: 4, revision: 9, expires: 8, value: Array("open sesame".utf8), contentType: "text/plain")
            try connection.send(.response, .get, get.id, Answer.success(answer))
            connection.waitForEnd()
        }])
        let client = try client(server)
        let secret = try await client.get("a/b", version: 4)
        #expect(text(secret.value) == "open sesame")
        #expect(secret.version == 4 && secret.revision == 9 && secret.expires == 8)
        #expect(secret.contentType == "text/plain")
        #expect(secret.known == KnownVersion(incarnation: .zero, version: 4))
        #expect(!"\(secret)".contains("sesame"))
        client.close()
        #expect(server.problems.isEmpty)
    }

    @Test("a value of the largest size goes both ways")
    func large() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            let put = try connection.request(.put, PutRequest.self)
            guard put.fields.idempotencyKey != nil else { throw ServerProblem(text: "no key") }
            try connection.send(.response, .put, put.id, Answer.success(PutResponse(version: 1, revision: 2)))
            let get = try connection.request(.get, GetRequest.self)
            let answer = GetResponse(version: 1, revision: 2, expires: 0, value: put.fields.value, contentType: "")
            try connection.send(.response, .get, get.id, Answer.success(answer))
            connection.waitForEnd()
        }])
        let client = try client(server)
        let value = SecretBytes((0..<Limits.value).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        #expect(try await client.put("n", value: value) == PutResponse(version: 1, revision: 2))
        #expect(try await client.get("n").value.isEqual(value))
        #expect(server.problems.isEmpty)
    }

    @Test("the daemon's errors arrive typed, and notModified is nil in getIfChanged")
    func errors() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            for failure in [
                Failure(.denied, "no policy allows it"), Failure(.busy, "later", retry: .after(milliseconds: 20)),
                Failure(.notModified, ""),
            ] {
                let get = try connection.request(.get, GetRequest.self)
                try connection.send(.response, .get, get.id, Answer<Empty>.failure(failure))
            }
            connection.waitForEnd()
        }])
        let client = try client(server)
        let denied = await #expect(throws: ClientError.self) { try await client.get("a") }
        #expect(denied?.code == .denied && denied?.message == "no policy allows it" && denied?.code.serverCode == 10)
        let busy = await #expect(throws: ClientError.self) { try await client.get("a") }
        #expect(busy?.code == .busy && busy?.retry == .after(milliseconds: 20))
        #expect(try await client.getIfChanged("a", since: KnownVersion(incarnation: .zero, version: 1)) == nil)
    }

    @Test("many tasks share one connection, whatever the order of the answers")
    func pipelining() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            var requests: [(id: UInt32, name: [UInt8])] = []
            for round in 0..<50 {
                requests = []
                for _ in 0..<10 {
                    let get = try connection.request(.get, GetRequest.self)
                    requests.append((get.id, get.fields.name))
                }
                if round % 2 == 0 { requests.reverse() }
                for request in requests {
                    let answer = GetResponse(version: 1, revision: 1, expires: 0, value: request.name, contentType: "")
                    try connection.send(.response, .get, request.id, Answer.success(answer))
                }
            }
            connection.waitForEnd()
        }])
        let client = try client(server)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<500 {
                group.addTask { text(try await client.get("name/\(number)").value) == "name/\(number)" }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(server.problems.isEmpty)
    }

    @Test("no daemon is unreachable")
    func unreachable() async throws {
        var configuration = ClientConfiguration(socketPath: "/tmp/no-such-coffer.sock")
        configuration.connectTimeout = .zero
        let client = try CofferClient(configuration)
        let error = await #expect(throws: ClientError.self) { try await client.ping() }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("/tmp/no-such-coffer.sock") == true)
    }

    @Test("a read is sent again after a break, once")
    func reconnect() async throws {
        let breaks: ScriptedServer.Script = { connection in
            try connection.greet()
            _ = try connection.request(.get, GetRequest.self)
        }
        let server = try ScriptedServer([
            breaks,
            { connection in
                try connection.greet()
                try connection.answerGet()
                _ = try connection.request(.get, GetRequest.self)
            }, breaks,
        ])
        let client = try client(server)
        #expect(text(try await client.get("x").value) == "x")
        let error = await #expect(throws: ClientError.self) { try await client.get("y") }
        #expect(error?.code == .disconnected && error?.outcome == Outcome.none)
        #expect(server.problems.isEmpty)
    }

    @Test("a change is sent again with its key; one without a key has an unknown outcome")
    func changes() async throws {
        let server = try ScriptedServer([
            { connection in
                try connection.greet()
                let put = try connection.request(.put, PutRequest.self)
                guard put.fields.value == Array("v".utf8) else { throw ServerProblem(text: "value") }
            },
            { connection in
                try connection.greet()
                let put = try connection.request(.put, PutRequest.self)
                guard put.fields.value == Array("v".utf8), put.fields.idempotencyKey != nil else {
                    throw ServerProblem(text: "value")
                }
                try connection.send(.response, .put, put.id, Answer.success(PutResponse(version: 1, revision: 1)))
                _ = try connection.request(.unlock, UnlockRequest.self)
            },
        ])
        let client = try client(server)
        #expect(try await client.put("x", value: SecretBytes(utf8: "v")).version == 1)
        let error = await #expect(throws: ClientError.self) {
            try await client.unlock(.passphrase, secret: SecretBytes(utf8: "p"))
        }
        #expect(error?.code == .disconnected && error?.outcome == .unknown)
        #expect(server.problems.isEmpty)
    }

    @Test("cancelling a task sends cancel and throws CancellationError; the connection goes on")
    func cancellation() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            let get = try connection.request(.get, GetRequest.self)
            arrived.yield()
            _ = try connection.expect(.cancel, get.id, Empty.self)
            try connection.send(.response, .get, get.id, Answer<Empty>.failure(Failure(.cancelled, "")))
            try connection.answerGet()
            connection.waitForEnd()
        }])
        let client = try client(server)
        let task = Task { try await client.get("slow") }
        // Not before the server has it: a call that was never sent needs no cancel.
        for await _ in arrivals { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(text(try await client.get("next").value) == "next")
        #expect(server.problems.isEmpty)
    }

    @Test("a call without an answer times out shortly after its deadline")
    func timeout() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            let ping = try connection.request(.ping, Empty.self)
            _ = try connection.expect(.cancel, ping.id, Empty.self)
            connection.waitForEnd()
        }])
        let client = try client(server)
        let start = ContinuousClock.now
        let error = await #expect(throws: ClientError.self) { try await client.ping(timeout: .milliseconds(100)) }
        #expect(error?.code == .timedOut)
        #expect(ContinuousClock.now - start < .seconds(3))
        client.close()
    }

    @Test("a daemon that speaks nonsense is a protocol violation; a refusal is passed on")
    func refusals() async throws {
        let nonsense = try ScriptedServer([{ connection in
            _ = try connection.request(.hello, HelloRequest.self)
            try connection.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
            connection.waitForEnd()
        }])
        let first = try client(nonsense)
        let violation = await #expect(throws: ClientError.self) { try await first.ping() }
        #expect(violation?.code == .protocolViolation)

        let refusing = try ScriptedServer([{ connection in
            let hello = try connection.request(.hello, HelloRequest.self)
            try connection.send(.response, .hello, hello.id, Answer<Empty>.failure(Failure(.unsupportedVersion, "old")))
            connection.waitForEnd()
        }])
        let second = try client(refusing)
        let refusal = await #expect(throws: ClientError.self) { try await second.ping() }
        #expect(refusal?.code == .unsupportedVersion)
    }

    @Test("a closed client says so")
    func closing() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            connection.waitForEnd()
        }])
        let client = try client(server)
        let task = Task { try await client.get("never") }
        try await Task.sleep(for: .milliseconds(30))
        client.close()
        let error = await #expect(throws: ClientError.self) { try await task.value }
        #expect(error?.code == .disconnected)
        await #expect(throws: ClientError.self) { try await client.ping() }
    }
}
