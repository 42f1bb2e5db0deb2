import CofferAccounts
import CofferHTTP
import HTTPTypes
import Testing

@Suite struct HTTPCallTests {
    private func call(query: String = "", headers: HTTPFields = [:]) -> HTTPCall {
        HTTPCall(method: "GET", path: "/", query: query, headers: headers, client: ClientAddress(v4: 1))
    }

    @Test(arguments: [
        ("a=1&b=2", ["a", "1", "b", "2"]), ("a+b=c+d", ["a b", "c d"]), ("a=%E6%B5%8B&%3D=%26", ["a", "测", "=", "&"]),
        ("a&b=", ["a", "", "b", ""]),
        ("", []), ("&&a=1&", ["a", "1"]), ("a=b=c", ["a", "b=c"]), ("a=%ff%", ["a", "\u{FFFD}%"]), ("a=%zz%4", ["a", "%zz%4"]),
        ("=x", ["", "x"]),
    ])
    func queryItems(_ query: String, _ expected: [String]) {
        #expect(call(query: query).queryItems.flatMap { [$0.name, $0.value] } == expected)
    }

    @Test func queriesAreBounded() {
        let items = call(query: (0..<1_000).map { "a=\($0)" }.joined(separator: "&")).queryItems
        #expect(items.count == 256 && items.last?.value == "255")
        #expect(call(query: "b=1&a=2&a=3").queryValue("a") == "2")
        #expect(call(query: "b=1").queryValue("a") == nil)
    }

    @Test func headersAndCookies() {
        let call = call(headers: [.authorization: "Bearer x", .cookie: "a=1; b=\"two\"; a=3;c; =d;e=f=g ; h="])
        #expect(call.header("AUTHORIZATION") == "Bearer x" && call.header("x-none") == nil && call.header("not a name") == nil)
        #expect(call.cookies == ["a": "1", "b": "two", "e": "f=g", "h": ""])
    }
}
