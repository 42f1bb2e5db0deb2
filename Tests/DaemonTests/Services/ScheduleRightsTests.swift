import CofferStore
import Testing

@testable import CofferDaemon

@Suite struct ScheduleRightsTests {
    /// Whether a rule of these names covers everything that a target may come to cover.
    private func covers(_ rule: String, _ target: String) throws -> Bool {
        let glob = try Glob(rule.utf8, noun: .credential)
        return ScheduleRights.samples(of: target).allSatisfy { glob.matches($0) }
    }

    @Test(arguments: [
        ("**", ""), ("**", "*"), ("**", "team/*"), ("team/**", "team/*"), ("team/**", "team/a"), ("team/a", "team/a"), ("team/**", "team/*/x"),
        ("team/**", "team/a*b"), ("team/*", "team/a"),
    ])
    func covered(_ rule: String, _ target: String) throws { #expect(try covers(rule, target)) }

    @Test(arguments: [
        // A target's star goes over slashes, a rule's does not.
        ("*", "*"), ("team/*", "team/*"), ("team/a*", "team/a*"), ("team/**", "team*"), ("team/**", "*"), ("team/**", ""), ("a", "*"),
        ("team/a", "team/*"), ("**/x", "*"), ("team/**", "other/*"), ("*/*", "*"), ("team/a", "team/b"), ("team/*/x", "team/*"),
    ])
    func notCovered(_ rule: String, _ target: String) throws { #expect(try !covers(rule, target)) }
}
