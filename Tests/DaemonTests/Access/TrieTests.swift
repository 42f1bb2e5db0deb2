import CofferStore
import Testing

@testable import CofferDaemon

/// xorshift: the same cases in every run.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

/// What the words of formats.md 13 say, by trying everything.
enum Reference {
    static func matches(_ pattern: ArraySlice<String>, _ name: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "**" {
            return matches(pattern.dropFirst(), name) || (!name.isEmpty && matches(pattern, name.dropFirst()))
        }
        guard let segment = name.first, segmentMatches(Array(first.utf8)[...], Array(segment.utf8)[...]) else { return false }
        return matches(pattern.dropFirst(), name.dropFirst())
    }

    private static func segmentMatches(_ pattern: ArraySlice<UInt8>, _ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return bytes.isEmpty }
        if first == UInt8(ascii: "*") {
            return segmentMatches(pattern.dropFirst(), bytes) || (!bytes.isEmpty && segmentMatches(pattern, bytes.dropFirst()))
        }
        return bytes.first == first && segmentMatches(pattern.dropFirst(), bytes.dropFirst())
    }
}

@Suite struct TrieTests {
    /// 100,000 pairs of a set of patterns and a name; reference, single pattern and compiled rules agree.
    @Test func agreesWithReference() throws {
        var dice = Dice(state: 0x1234_5678_9ABC_DEF1)
        let segments = ["a", "b", "ab", "ba", "aab", "*", "a*", "*b", "a*b", "*a*", "**", "**", "*ab*b"]
        let parts = ["a", "b", "ab", "ba", "aab", "abab", "x", "aa"]
        var allowed = 0
        for _ in 0..<2000 {
            let patterns = (0..<Int.random(in: 1...8, using: &dice)).map { _ in
                (0..<Int.random(in: 1...5, using: &dice)).map { _ in segments.randomElement(using: &dice) ?? "a" }
            }
            let rule = try rule([[.any]], names: patterns.map { $0.joined(separator: "/") })
            let rules = PrincipalClass(rules: [rule], isAdministrator: false, checksSender: false)
            for _ in 0..<50 {
                let name = (0..<Int.random(in: 1...5, using: &dice)).map { _ in parts.randomElement(using: &dice) ?? "a" }
                let text = name.joined(separator: "/")
                let expected = patterns.contains { Reference.matches($0[...], name[...]) }
                let found = allows(rules, text)
                #expect(found == expected, "\(patterns) \(text)")
                #expect(rule.covers(.secret, .get, 1, Array(text.utf8)) == expected)
                if found { allowed += 1 }
            }
        }
        #expect(allowed > 10_000 && allowed < 90_000)
    }

    /// More states than one automaton has, all of them alive at once.
    @Test func manyWildcards() throws {
        var names = (0..<2000).map { "**/x\($0)*/y/z\($0)" }
        names += (0..<2000).map { "svc\($0)/key" }
        let rules = PrincipalClass(rules: [try rule([[.any]], names: names)], isAdministrator: false, checksSender: false)
        for index in stride(from: 0, to: 2000, by: 97) {
            #expect(allows(rules, "q/x\(index)suffix/y/z\(index)"))
            #expect(!allows(rules, "q/x\(index)suffix/y/z\(index)/r"))
            #expect(!allows(rules, "q/x\(index)suffix/y/zz"))
            #expect(allows(rules, "svc\(index)/key"))
            #expect(!allows(rules, "svc\(index)/keys"))
        }
    }

    /// What makes backtracking matchers take for ever: finishes soon even in a debug build.
    @Test func hostileNamesAreLinear() throws {
        let name = Array(String(repeating: "a/", count: 255).utf8) + Array("aa".utf8)
        let stars = String(repeating: "**/a/", count: 100) + "b"
        let globs = String(repeating: "*/**/a*/", count: 60) + "b"
        let segment = String(repeating: "a*", count: 120) + "b"
        let long = [UInt8](repeating: 0x61, count: 255)
        let anchored = "*" + String(repeating: "a", count: 120) + "b" + "*"
        let rules = PrincipalClass(
            rules: [try rule([[.any]], names: [stars, globs, segment, anchored, "**/a/**/a/**/b"])], isAdministrator: false,
            checksSender: false)
        let start = ContinuousClock.now
        for _ in 0..<20 {
            #expect(!name.withUnsafeBytes { rules.allows(.secret, .get, tenant: 1, name: $0) })
            #expect(!long.withUnsafeBytes { rules.allows(.secret, .get, tenant: 1, name: $0) })
        }
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func actionsTenantsAndNounsAreApart() throws {
        let rules = PrincipalClass(
            rules: [
                try rule([[.any]], tenant: 1, actions: [.get, .info], names: ["a/**"]),
                try rule([[.any]], tenant: 9, actions: [.put], names: ["b"]),
                try rule([[.any]], tenant: 1, noun: .store, actions: [.info], names: []),
                try rule([[.any]], tenant: 2, noun: .backup, actions: [.create], names: ["**"]),
            ], isAdministrator: false, checksSender: false)
        #expect(allows(rules, "a/x") && allows(rules, "a", .secret, .info) && !allows(rules, "a", .secret, .put))
        #expect(!allows(rules, "a", tenant: 2) && !allows(rules, "a", tenant: 9) && !allows(rules, "a", tenant: 0))
        #expect(allows(rules, "b", .secret, .put, tenant: 9) && !allows(rules, "b", .secret, .put, tenant: 1))
        #expect(allows(rules, "", .store, .info) && !allows(rules, "x", .store, .info) && !allows(rules, "", .store, .lock))
        #expect(allows(rules, "", .backup, .create, tenant: 2) && !allows(rules, "", .secret, .get))
        #expect(!allows(rules, "a", .policy, .info))
    }

    /// Segments of document names may be empty.
    @Test func emptySegments() throws {
        let rules = PrincipalClass(
            rules: [try rule([[.any]], noun: .policy, actions: [.info], names: ["a//b", "x/*", "/", "y/**"])], isAdministrator: false,
            checksSender: false)
        for (name, expected) in [("a//b", true), ("a/b", false), ("x/", true), ("x", false), ("/", true), ("//", false), ("y//", true)] {
            #expect(allows(rules, name, .policy, .info) == expected, "\(name)")
        }
    }
}
