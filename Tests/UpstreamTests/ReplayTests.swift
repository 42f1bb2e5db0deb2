import CofferUpstream
import Testing

@Suite struct ReplayTests {
    @Test(arguments: [
        ("never", Replay.never), ("rotating", .never), ("safe", .safe), ("static", .safe), ("grace 30", .grace(seconds: 30)),
        ("grace:1", .grace(seconds: 1)), ("grace:3600", .grace(seconds: 3_600)),
    ])
    func reads(_ text: String, _ replay: Replay) { #expect(Replay(text) == replay) }

    @Test(arguments: ["", "grace", "grace:0", "grace:3601", "grace:-1", "grace: 5", "Never", "grace:99999999999", "grace:+5"])
    func refuses(_ text: String) { #expect(Replay(text) == nil) }

    @Test func dependsOnParameter() throws {
        let step = try #require(Provider.builtIn("oauth2")?.step("refresh"))
        #expect(step.replay([:]) == .never)
        #expect(step.replay(["rotation": ""]) == .never)
        #expect(step.replay(["rotation": "static"]) == .safe)
        #expect(step.replay(["rotation": "grace:45"]) == .grace(seconds: 45))
        // What cannot be read must not allow a second dial.
        #expect(step.replay(["rotation": "nonsense"]) == .never)
    }

    @Test func defaultsFollowWhatIsConsumed() throws {
        #expect(try Samples.provider("url: \"https://h/{refresh}\"\nconsumes: refresh").step("call")?.replay([:]) == .never)
        #expect(try Samples.provider("url: https://h/").step("call")?.replay([:]) == .safe)
        let pandora = try #require(Provider.builtIn("pandora"))
        #expect(pandora.step("session")?.replay([:]) == .safe)
    }
}
