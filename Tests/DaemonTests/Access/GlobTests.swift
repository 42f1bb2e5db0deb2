import CofferStore
import Testing

@testable import CofferDaemon

@Suite struct GlobTests {
    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a", "a/b", false), ("a/b", "a", false),
        ("*", "a", true), ("*", "a/b", false), ("a/*", "a", false), ("a/*", "a/b", true), ("a/*", "a/b/c", false),
        ("**", "a", true), ("**", "a/b/c", true), ("a/**", "a", true), ("a/**", "a/b/c", true), ("a/**", "ab", false),
        ("**/b", "b", true), ("**/b", "a/x/b", true), ("**/b", "a/x/bc", false), ("**/b", "b/a", false),
        ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true), ("a/**/b", "a/x/y", false), ("a/**/**/b", "a/b", true),
        ("a*", "a", true), ("a*", "ab", true), ("a*", "ba", false), ("*a", "ba", true), ("*a", "ab", false),
        ("a*b*c", "abc", true), ("a*b*c", "aXbYc", true), ("a*b*c", "acb", false), ("a*a", "a", false), ("a*a", "aa", true),
        ("*ab*ab*", "abab", true), ("*ab*ab*", "aab", false), ("x*ab", "xaab", true), ("*.*", "a.b", true), ("*.*", "ab", false),
        ("shared/*/token", "shared/x/token", true), ("shared/*/token", "shared/x/y/token", false),
        ("a?", "ab", false), ("[a]", "a", false), ("[a]", "[a]", true), ("a/*b/**", "a/xb", true), ("a/*b/**", "a/x", false),
        ("é", "é", true), ("é", "e\u{301}", false), ("*é", "xé", true),
    ])
    func matches(pattern: String, name: String, expected: Bool) throws {
        let glob = try Glob(pattern.utf8, noun: .secret)
        #expect(glob.matches(Array(name.utf8)) == expected)
        #expect(compiled([pattern], allow: name) == expected)
    }

    @Test(arguments: [
        ("", NameError.empty), ("/a", .emptySegment), ("a/", .emptySegment), ("a//b", .emptySegment), ("a/../b", .dotSegment),
        (".", .dotSegment), ("a\u{200B}b", .forbiddenCodePoint), ("a\nb", .forbiddenCodePoint),
        (String(repeating: "a/", count: 256) + "a", .tooLong), (String(repeating: "a", count: 256), .segmentTooLong),
    ])
    func refuses(pattern: String, error: NameError) {
        #expect(throws: GlobError.name(error)) { try Glob(pattern.utf8, noun: .secret) }
    }

    @Test(arguments: ["a**", "**a", "a/b**c/d", "***", "a**b"])
    func starsMustBeAWholeSegment(pattern: String) {
        #expect(throws: GlobError.starsInSegment) { try Glob(pattern.utf8, noun: .secret) }
    }

    @Test func notUTF8() {
        #expect(throws: GlobError.name(.notUTF8)) { try Glob([0x61, 0xFF], noun: .secret) }
    }

    /// Policies have names without the rules of paths.
    @Test func documentNames() throws {
        #expect(try Glob("team a/*".utf8, noun: .policy).matches(Array("team a/x".utf8)))
        #expect(try Glob("a//*".utf8, noun: .policy).matches(Array("a//b".utf8)))
        #expect(try Glob("a/*".utf8, noun: .policy).matches(Array("a/".utf8)))
        #expect(throws: GlobError.name(.tooLong)) { try Glob([UInt8](repeating: 0x61, count: 256), noun: .policy) }
    }
}
