import Glibc
import Testing

@testable import CofferDaemon

/// decisions 30: after the third failure in 10 minutes 1, 2, 4 … 60 s per uid, across restarts.
@Suite struct UnlockThrottleTests {
    @Test func doublesUpToAMinute() {
        let throttle = UnlockThrottle(path: nil)
        var now: UInt64 = 1_000_000
        var waits: [UInt64] = []
        for _ in 0..<12 {
            waits.append(throttle.wait(uid: 7, now: now))
            now += throttle.wait(uid: 7, now: now)
            throttle.failed(uid: 7, now: now)
        }
        #expect(waits == [0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
    }

    @Test func isForgottenAfterTenMinutesOrSuccess() {
        let throttle = UnlockThrottle(path: nil)
        for _ in 0..<5 { throttle.failed(uid: 7, now: 1_000) }
        #expect(throttle.wait(uid: 7, now: 1_000) == 4_000)
        #expect(throttle.wait(uid: 7, now: 1_000 + UnlockThrottle.window) == 0)
        #expect(throttle.wait(uid: 8, now: 1_000) == 0)
        throttle.succeeded(uid: 7)
        #expect(throttle.wait(uid: 7, now: 1_000) == 0)
    }

    @Test func aClockThatWentBackLocksNobodyOut() {
        let throttle = UnlockThrottle(path: nil)
        for _ in 0..<9 { throttle.failed(uid: 7, now: 10_000_000) }
        #expect(throttle.wait(uid: 7, now: 5_000_000) == 0)
    }

    @Test func survivesARestart() throws {
        var template = Array("/tmp/coffer-throttle.XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        close(descriptor)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        let first = UnlockThrottle(path: path)
        for _ in 0..<4 { first.failed(uid: 7, now: 1_000) }
        #expect(UnlockThrottle(path: path).wait(uid: 7, now: 1_000) == 2_000)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        // Rubbish counts as nothing.
        let file = open(path, O_WRONLY | O_TRUNC)
        _ = write(file, "7 x\n-1 2 3\n\u{0}", 11)
        close(file)
        #expect(UnlockThrottle(path: path).wait(uid: 7, now: 1_000) == 0)
    }
}
