import CofferUpstream
import Testing

@testable import CofferCredentials

/// Random histories of one credential: wishes, dials, lost and doubled answers, failed commits, kills, people.
@Suite struct RefreshModelTests {
    @Test(arguments: [Replay.never, .grace(seconds: 30), .safe]) func nothingIsPresentedTwiceOrLost(_ replay: Replay) {
        var renewals = 0
        for seed in 1...60 {
            var world = RefreshWorld(replay: replay, seed: UInt64(seed))
            for _ in 0..<2_000 {
                world.step()
                guard world.broken.isEmpty else { break }
            }
            #expect(world.broken.isEmpty, "seed \(seed): \(world.broken)")
            renewals += world.renewals
        }
        // Histories that come to nothing show nothing.
        #expect(renewals > 1_000)
    }
}
