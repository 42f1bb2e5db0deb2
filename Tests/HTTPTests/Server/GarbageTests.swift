import CofferHTTP
import Testing

/// Requests with flaws at random places, the same in each run: the server answers or closes, and goes on.
@Suite struct GarbageTests {
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var number = state
            number = (number ^ number >> 30) &* 0xBF58_476D_1CE4_E5B9
            number = (number ^ number >> 27) &* 0x94D0_49BB_1331_11EB
            return number ^ number >> 31
        }
    }

    private static let seeds = [
        "GET /?k=测 HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab\ncdGET /b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    ]

    @Test func theServerGoesOn() async throws {
        try await TestServer.run { (server) async throws in
            var numbers = Numbers(state: 42)
            for round in 0..<300 {
                var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
                for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                    let place = Int.random(in: 0..<bytes.count, using: &numbers)
                    switch Int.random(in: 0..<4, using: &numbers) {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
                    case 1: bytes.remove(at: place)
                    case 2: bytes.insert(contentsOf: [13, 10], at: place)
                    default: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
                    }
                }
                let client = try RawClient(port: server.port)
                let cut = Int.random(in: 0...bytes.count, using: &numbers)
                await client.send(Array(bytes[..<cut]))
                await client.send(Array(bytes[cut...]))
                client.endSending()
                #expect(await client.readToEnd() != nil, "round \(round)")
            }
            #expect(try await RawClient.get(server.port, "/alive").status == 200)
        }
    }
}
