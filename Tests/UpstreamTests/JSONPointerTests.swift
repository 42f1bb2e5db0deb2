import CofferJSON
import CofferUpstream
import Testing

@Suite struct JSONPointerTests {
    /// The examples of RFC 6901 5.
    private static let document = #"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#

    @Test(arguments: [
        ("/foo/0", #""bar""#), ("/foo/1", #""baz""#), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3"), ("/g|h", "4"),
        (#"/i\j"#, "5"), (#"/k"l"#, "6"), ("/ ", "7"), ("/m~0n", "8"),
    ])
    func finds(_ pointer: String, _ value: String) throws {
        let document = try JSONValue.parse(Array(Self.document.utf8))
        #expect(try JSONPointer(pointer).find(in: document)?.encoded() == Array(value.utf8))
    }

    @Test func emptyIsTheWhole() throws {
        #expect(try JSONPointer("").find(in: .integer(3)) == .integer(3))
    }

    @Test(arguments: ["/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/+1", "/foo/-1", "/foo/99999999999999999999", "/foo/0/x", "/none", "/foo/"])
    func findsNothing(_ pointer: String) throws {
        let document = try JSONValue.parse(Array(Self.document.utf8))
        #expect(try JSONPointer(pointer).find(in: document) == nil)
    }

    @Test(arguments: ["foo", "a/b", "/~", "/a~2", "/~x/b", "#/a"])
    func refuses(_ pointer: String) {
        #expect(throws: ProviderError.self) { try JSONPointer(pointer) }
    }

    @Test func tildeOneIsReadOnce() throws {
        // `~01` is `~1`, not `/`.
        #expect(try JSONPointer("/~01").find(in: .object([("~1", .bool(true))])) == .bool(true))
    }

    @Test func refusesLongOnes() {
        #expect(throws: ProviderError.self) { try JSONPointer("/" + String(repeating: "a", count: 1_024)) }
    }
}
