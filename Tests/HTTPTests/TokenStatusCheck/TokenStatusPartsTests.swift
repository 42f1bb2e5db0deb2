import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

struct TokenStatusReportTests {
    @Test(arguments: [
        (0, 0, "0%"), (0, 3, "0%"), (3, 3, "100%"), (3, 4, "75%"), (2, 3, "66.67%"), (1, 3, "33.33%"), (1, 8, "12.5%"), (1, 16, "6.25%"),
        (1, 800, "0.13%"), (1, 30_000, "0.01%"), (29_999, 30_000, "99.99%"), (19_999, 20_000, "99.99%"), (1, 20_000, "0.01%"),
        (101, 1_000, "10.1%"), (1, 200, "0.5%"), (1, 100, "1%"), (1, 2, "50%"),
    ])
    func roundsHalfUpAndNeverToTheEnds(_ valid: Int, _ total: Int, _ expected: String) {
        #expect(TokenStatusReport.percentage(valid, of: total) == expected)
    }

    private func body(_ verdicts: [TokenVerdict]) -> String { String(decoding: TokenStatusReport(verdicts).body.encoded(), as: UTF8.self) }

    @Test func countsFromOneInTheOrderOfTheFile() {
        #expect(
            body([.valid, .invalid, .valid, .valid])
                == #"{"tokenStatus":"tokentrue","totalTokenCount":4,"invalidCount":1,"invalidTokenPositions":[2],"validTokenPercentage":"75%"}"#)
        #expect(
            body([])
                == #"{"tokenStatus":"tokenfalse","totalTokenCount":0,"invalidCount":0,"invalidTokenPositions":[],"validTokenPercentage":"0%"}"#)
    }

    @Test func tellsOfTheUnknownOnlyWhereThereAreSome() {
        let report = TokenStatusReport([.unknown, .valid, .invalid, .unknown])
        #expect(report.body["unknownTokenPositions"] == .array([.integer(1), .integer(4)]))
        #expect(report.body["unknownCount"] == .integer(2))
        #expect(report.body["invalidTokenPositions"] == .array([.integer(3)]))
        #expect(!report.isGood)
        #expect(!report.isBlind)
        #expect(TokenStatusReport([.unknown, .unknown]).isBlind)
        #expect(!TokenStatusReport([]).isBlind)
    }

    @Test func halfIsEnough() {
        #expect(TokenStatusReport([.valid, .invalid]).isGood)
        #expect(!TokenStatusReport([.valid, .invalid, .invalid]).isGood)
    }
}

struct TokenLinesTests {
    private func buffer(_ text: String) -> SecretBuffer { SecretBuffer(Array(text.utf8)) }

    @Test func dropsBlanksAndEmptyLines() {
        let tokens = TokenLines.tokens(buffer("\u{FEFF} a \r\n\n\t\r\nb\rc\r\n  \nd")).map(\.text)
        #expect(tokens == ["a", "b\rc", "d"])
        #expect(TokenLines.tokens(buffer("")).isEmpty)
        #expect(TokenLines.tokens(buffer("\u{FEFF}\n \n")).isEmpty)
    }

    @Test func splitsAccountsAtTheFirstDash() {
        let accounts = TokenLines.accounts(buffer("139-a-b c \r\n\nno dash\n-x\n138-\na@b.c-p"))
        #expect(accounts.map { $0?.name.text } == ["139", nil, nil, nil, "a@b.c"])
        #expect(accounts.map { $0?.password.text } == ["a-b c ", nil, nil, nil, "p"])
        #expect(accounts.last??.isByEmail == true)
        #expect(accounts.first??.isByEmail == false)
    }
}

struct TokenStatusCheckRouteTests {
    @Test(arguments: [
        ("/api/LLM_TokenCheck/Check/deep", TokenStatusCheckRoute.check("deep")), ("/API/llm_tokencheck/CHECK/DEEP/", .check("deep")),
        ("/api/OfficialTokenCheck/Check/deep/single", .single), ("/api/officialtokencheck/check/deep/list", .list),
    ])
    func findsPages(_ path: String, _ expected: TokenStatusCheckRoute) { #expect(TokenStatusCheckRoute.find(path) == expected) }

    @Test(arguments: [
        "/", "", "/api", "/api/LLM_TokenCheck/Check", "/api/LLM_TokenCheck/Check/", "/api/LLM_TokenCheck/Check/deep/one", "//api/LLM_TokenCheck/Check/deep",
        "/api/OfficialTokenCheck/Check/qwen/list", "/api/OfficialTokenCheck/Check/deep", "/api/OfficialTokenCheck/Check/deep/list//",
    ])
    func findsNothingElse(_ path: String) { #expect(TokenStatusCheckRoute.find(path) == nil) }

    @Test(arguments: ["", "x", "ftp://x/y", "http://", "http:///x", "[http://x/y]", "http://x /y", "https://"])
    func refusesAddresses(_ url: String) { #expect(TokenStatusCheckProvider.objection(to: url) != nil) }

    @Test func spellsTheVariablesAsTheOriginal() {
        #expect(TokenStatusCheckProvider.deep.variable == "TokenStatuCheckUrls__DeepTokenCheckUrl")
        #expect(TokenStatusCheckProvider.moonshot.file == "LLM-Moonshot/token.json")
    }
}

struct OfficialSummaryTests {
    private func lifted(_ text: String) throws -> String {
        String(decoding: OfficialSummary.lifted(try JSONValue.parse(Array(text.utf8))).encoded(), as: UTF8.self)
    }

    @Test func liftsWhatIsWrappedAndLeavesTheRest() throws {
        #expect(try lifted(#"{"code":0,"data":{"biz_code":0,"biz_data":{"a":1e2}},"new":[]}"#) == #"{"code":0,"data":{"a":1e2},"new":[]}"#)
        for plain in [#"{"code":0,"data":{"a":12345678901234567890}}"#, #"{"code":40003,"data":null}"#, #"{"data":{"biz_data":null}}"#, "[]"] {
            #expect(try lifted(plain) == plain)
        }
    }
}

struct VerdictBoardTests {
    @Test func keepsTheOrderAndAsksOnceMoreWhereNobodyKnows() async {
        let asked = Counters()
        let found = await VerdictBoard.verdicts(count: 9, atOnce: 4, seconds: 60) { index in
            let times = await asked.add(index)
            switch index % 3 {
            case 0: return .valid
            case 1: return .invalid
            default: return times == 1 ? .unknown : .valid
            }
        }
        #expect(found == [.valid, .invalid, .valid, .valid, .invalid, .valid, .valid, .invalid, .valid])
        #expect(await asked.all == [0: 1, 1: 1, 2: 2, 3: 1, 4: 1, 5: 2, 6: 1, 7: 1, 8: 2])
    }

    @Test func doesNotWaitForever() async {
        let found = await VerdictBoard.verdicts(count: 3, atOnce: 2, seconds: 1) { index in
            if index == 1 { try? await Task.sleep(for: .seconds(3_600)) }
            return .valid
        }
        #expect(found == [.valid, .unknown, .valid])
        #expect(await VerdictBoard.verdicts(count: 0, atOnce: 2, seconds: 1) { _ in .valid } == [])
    }

    private actor Counters {
        private(set) var all: [Int: Int] = [:]

        func add(_ index: Int) -> Int {
            all[index, default: 0] += 1
            return all[index] ?? 0
        }
    }
}
