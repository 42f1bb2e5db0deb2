import CofferAccounts
import Testing

@testable import CofferHTTP

struct NewAPIPartsTests {
    @Test(arguments: [
        (nil, false), ("", false), ("en", true), ("en-US,en;q=0.9", true), ("zh-CN,zh;q=0.9,en;q=0.8", false), ("zh-TW", false), ("fr",
            false),
        ("fr, en;q=0.1", true), ("zh;q=0.5, en;q=0.6", true), ("en;q=0, zh;q=0.1", false), ("en;q=0", false), ("*, en;q=0.5", false),
            ("EN", true),
        ("en;q=nan", false), ("en;q=7, zh", false), ("english", false), ("en;level=1;q=0.5", true),
    ] as [(String?, Bool)])
    func languageFollowsTheWish(_ header: String?, _ isEnglish: Bool) {
        #expect((NewAPILanguage(header) == .english) == isEnglish)
    }

    private func matches(_ pattern: String, _ text: String) -> Bool { (try? NewAPISearchPattern(pattern).matches(text)) ?? false }

    @Test func patternsFindPartsOrGaps() {
        #expect(matches("", "anything"))
        #expect(matches("BC", "abcd"))
        #expect(matches("测试", "我的测试令牌"))
        #expect(!matches("a_c", "abc"))
        #expect(matches("a_c", "xa_cx"))
        #expect(matches("ab%", "abcd") && !matches("ab%", "xabcd"))
        #expect(matches("%cd", "abcd") && !matches("%cd", "abcdx"))
        #expect(matches("%bc%", "abcd") && !matches("%bd%", "abcd"))
        #expect(matches("a%d", "abcd") && matches("ab%cd", "abcd") && !matches("abc%cd", "abcd"))
    }

    @Test(arguments: ["%%", "a%%b", "%a%b%c", "%", "a%", "%x%"])
    func patternsAreRefused(_ text: String) { #expect(throws: NewAPIFailure.self) { try NewAPISearchPattern(text) } }

    private func page(_ query: String) -> NewAPIPage {
        NewAPIPage(HTTPCall(method: "GET", path: "/", query: query, client: ClientAddress(v4: 1)), standard: 20)
    }

    @Test func pagesAreClamped() {
        func numbers(_ query: String) -> [Int] { [page(query).number, page(query).size] }
        #expect(numbers("") == [1, 20])
        #expect(numbers("p=3&size=7") == [3, 7])
        #expect(numbers("p=0&page_size=0&ps=5&size=7") == [1, 5])
        #expect(numbers("p=-9&page_size=-1") == [1, 1])
        #expect(numbers("p=x&size=y") == [1, 20])
        #expect(numbers("size=1000000") == [1, 100])
        #expect(numbers("p=9223372036854775808&size=9223372036854775808") == [1, 20])
        #expect(page("p=9223372036854775807&size=100").skip > Int.max - 200)
        #expect(page("p=1").isAskedFor && page("size=").isAskedFor && !page("keyword=p").isAskedFor)
    }

    @Test func routesKnowBothSpellings() {
        func operation(_ method: String, _ path: String) -> NewAPIOperation? { NewAPIRoute.find(method, path)?.operation }
        #expect(operation("GET", "/api/token") == .listTokens && operation("GET", "/api/token/") == .listTokens)
        #expect(operation("DELETE", "/api/token/5/") == .deleteToken && NewAPIRoute.find("DELETE", "/api/token/5/")?.id == "5")
        #expect(operation("POST", "/api/token/5/key") == .revealToken && operation("POST", "/api/token/batch/keys/") == .revealTokens)
        #expect(operation("GET", "/api/token/search/") == .searchTokens && operation("GET", "/api/token/auto-groups") == .listAutoGroups)
        #expect(operation("GET", "/dashboard/billing/usage/") == .showBilling)
        for path in ["/api/token//", "//api/token", "/api//token", "/api/token/5//key", "/api/Token", "/api/token;login", "/", "",
            "/api", "/api/token/5/6"] {
            #expect(operation("GET", path) == nil, "\(path)")
        }
        #expect(operation("PATCH", "/api/token") == nil && operation("get", "/api/token") == nil)
    }

    @Test func limitsForgetWhatIsOldAndWhoIsOldest() {
        let limits = NewAPIRateLimits(capacity: 2)
        for _ in 0..<10 { #expect(limits.take(.search(user: 1), now: 1_000) == nil) }
        #expect(limits.take(.search(user: 1), now: 1_500) == 60)
        #expect(limits.take(.search(user: 1), now: 61_000) == nil)
        #expect(limits.take(.search(user: 2), now: 61_001) == nil)
        #expect(limits.take(.accessToken(3), now: 61_002) == nil)
        #expect(limits.count == 2)
        // A clock that goes back.
        for _ in 0..<10 { #expect(limits.take(.search(user: 2), now: 5) == nil) }
    }

    @Test func everyMessageHasWordsInBothLanguages() {
        let messages: [NewAPIMessage] = [
            .noCredentials, .unknownCredential, .sessionExpired, .sessionRevoked, .userHeaderMissing, .userHeaderFormat,
                .userHeaderMismatch,
            .userDisabled, .crossSite, .loginFailed, .tooManyAttempts(seconds: 3), .searchFailed, .missingID, .missingIDInUpdate,
            .invalidParameters, .invalidField("x"), .nameTooLong, .negativeQuota, .quotaTooLarge, .notEnabledExpired, .notEnabledExhausted,
            .tooManyTokens(7), .tooManyItems(100), .notRevealable, .autoGroupsTooMany(5), .autoGroupTwice("g"), .autoGroupUnknown("g"),
            .patternDoubled, .patternTooMany, .patternTooShort, .patternOverCap, .noKey, .unknownKey, .keyDisabled, .addressRefused,
            .tooManyRequests, .groupRefused("g"), .unavailable, .full,
        ]
        for message in messages {
            for profile in NewAPISettings.Profile.allCases {
                let chinese = message.text(.chinese, profile)
                let english = message.text(.english, profile)
                #expect(chinese != english && english.utf8.allSatisfy { $0 < 0x80 })
                #expect(chinese != NewAPIMessage.failed.text(.chinese, profile), "\(message) has no words of its own")
            }
        }
    }

    @Test func base64URLRefusesTheOtherAlphabet() {
        let bytes: [UInt8] = [0xFB, 0xFF, 0xFE, 0x00]
        #expect(Base64URL.encoded(bytes) == "-__-AA")
        #expect(Base64URL.decoded("-__-AA") == bytes)
        #expect(Base64URL.decoded("+//+AA") == nil && Base64URL.decoded("-__-AA==") == nil && Base64URL.decoded("a") == nil)
    }
}
