@testable import CofferUpstream
import Testing

/// Files and answers that nobody wrote on purpose: an error or a verdict, never a trap.
@Suite struct HostileTests {
    /// The same sequence on each run.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33 ^ state << 31
        }
    }

    private static let splinters = [
        "{", "}", "[", "]", ":", "-", "\"", "'", "\n", "  ", "|", ">", "#", "%", "@", "`", ",", "~", "null", "{refresh}", "$value", "/", "0", "\t", "é", "!x ", "&a ", "*a ", "? ", "---\n",
    ]

    @Test(arguments: BuiltInSource.all.indices)
    func mutatedFiles(_ index: Int) {
        var dice = Dice(state: UInt64(index) + 1)
        let source = Array(BuiltInSource.all[index].unicodeScalars)
        var refused = 0
        for _ in 0..<150 {
            var text = source
            for _ in 0..<Int.random(in: 1...4, using: &dice) {
                let place = Int.random(in: 0..<text.count, using: &dice)
                let end = min(text.count, place + Int.random(in: 0...20, using: &dice))
                text.replaceSubrange(place..<end, with: Array((Self.splinters.randomElement(using: &dice) ?? "").unicodeScalars))
            }
            var mutated = ""
            mutated.unicodeScalars.append(contentsOf: text)
            do throws(ProviderErrors) {
                _ = try Provider.read(mutated)
            } catch {
                refused += 1
                #expect(error.errors.allSatisfy { $0.line > 0 && !$0.message.isEmpty })
            }
        }
        // Most mutations break something.
        #expect(refused > 50)
    }

    @Test func mutatedAnswers() throws {
        let call = try Samples.builtIn("oauth2", "refresh", ["token_url": "https://h/", "refresh": "the-refresh-token"])
        let body = Array(#"{"access_token":"eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDEwMDB9.","refresh_token":"next","expires_in":3600,"error":"invalid_grant"}"#.utf8)
        var dice = Dice(state: 7)
        var verdicts = 0
        for _ in 0..<3_000 {
            var bytes = body
            for _ in 0..<Int.random(in: 1...3, using: &dice) { bytes[Int.random(in: 0..<bytes.count, using: &dice)] = UInt8.random(in: 0...255, using: &dice) }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &dice)))
            let headers = [("Content-Type", "text/x; charset"), ("Retry-After", String(Int.random(in: Int.min...Int.max, using: &dice)))]
            let answer = UpstreamAnswer(
                status: [200, 400, 429, 503, 0, -1, 1_000].randomElement(using: &dice) ?? 0, headers: headers.map { (name: $0.0, value: $0.1) },
                body: secret(String(decoding: bytes, as: UTF8.self)))
            let result = call.judge(answer, now: 1_700_000_000_000)
            #expect(result.reason.utf8.count <= 200)
            if result.verdict != .down { verdicts += 1 }
        }
        #expect(verdicts > 0)
    }
}
