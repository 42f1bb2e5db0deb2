import Foundation
import Glibc
import Testing

@testable import CofferDaemon

/// When the daemon scrubs by itself.
@Suite("Scrub schedule")
struct ScrubScheduleTests {
    private let week = ScrubSchedule(interval: 7 * 86_400_000)
    private let minute: UInt64 = 60_000
    private let day: UInt64 = 86_400_000

    @Test("a store that was never looked at waits for ten minutes")
    func first() {
        #expect(!week.isDue(now: 1_000, started: 1_000, last: nil, attempt: 0))
        #expect(!week.isDue(now: 1_000 + 10 * minute - 1, started: 1_000, last: nil, attempt: 0))
        #expect(week.isDue(now: 1_000 + 10 * minute, started: 1_000, last: nil, attempt: 0))
    }

    @Test("then a week goes by, whenever the daemon was started")
    func interval() {
        let last = 100 * day
        #expect(!week.isDue(now: last + 7 * day - 1, started: last + 6 * day, last: last, attempt: 0))
        #expect(week.isDue(now: last + 7 * day, started: last + 7 * day, last: last, attempt: 0))
    }

    @Test("one that did not come to its end is tried again after an hour")
    func retry() {
        let now = 100 * day
        #expect(!week.isDue(now: now + 59 * minute, started: 0, last: nil, attempt: now))
        #expect(week.isDue(now: now + 60 * minute, started: 0, last: nil, attempt: now))
        let second = ScrubSchedule(interval: 1_000)
        #expect(second.isDue(now: now + 1_000, started: 0, last: nil, attempt: now))
    }

    @Test("a clock that was put back does not put it off")
    func clock() {
        #expect(week.isDue(now: 5 * day, started: 0, last: 100 * day, attempt: 0))
        #expect(week.isDue(now: 5 * day, started: 0, last: nil, attempt: 100 * day))
    }

    @Test("never is never")
    func never() {
        let never = ScrubSchedule(interval: 0)
        #expect(!never.isDue(now: 1_000 * day, started: 0, last: nil, attempt: 0))
        #expect(!never.isOverdue(now: 1_000 * day, started: 0, last: nil))
    }

    @Test("it is overdue behind twice the interval, counted from the last one or the start")
    func overdue() {
        #expect(!week.isOverdue(now: 14 * day, started: 0, last: nil))
        #expect(week.isOverdue(now: 14 * day + 1, started: 0, last: nil))
        #expect(!week.isOverdue(now: 114 * day, started: 0, last: 100 * day))
        #expect(week.isOverdue(now: 114 * day + 1, started: 0, last: 100 * day))
        #expect(!week.isOverdue(now: 114 * day + 1, started: 101 * day, last: 100 * day))
    }
}

/// The little file that remembers the last one.
@Suite("Scrub memory")
struct ScrubMemoryTests {
    private let record = ScrubMemory.Record(finished: 1_700_000_000_000, revision: 42, records: 1_000, findings: .max)

    @Test("what was written is read")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let memory = ScrubMemory(path: folder.path + "/last-scrub")
        defer { unlink(memory.path) }
        #expect(memory.read() == nil)
        memory.write(record)
        #expect(memory.read() == record)
        memory.write(.init(finished: 1, revision: 2, records: 3, findings: 0))
        #expect(memory.read() == .init(finished: 1, revision: 2, records: 3, findings: 0))
    }

    @Test("a file that makes no sense is none", arguments: [
        "", "\n", "coffer-scrub-1", "coffer-scrub-1 1 2 3", "coffer-scrub-1 1 2 3 4 5", "coffer-scrub-2 1 2 3 4", "coffer-scrub-1 1 2 -3 4",
        "coffer-scrub-1 1 2 3 99999999999999999999999", "coffer-scrub-1 a b c d",
    ])
    func nonsense(_ text: String) throws {
        let folder = try TemporaryFolder()
        let memory = ScrubMemory(path: folder.path + "/last-scrub")
        try text.write(toFile: memory.path, atomically: false, encoding: .utf8)
        defer { unlink(memory.path) }
        #expect(memory.read() == nil)
    }

    @Test("where it cannot be written nothing happens")
    func unwritable() throws {
        let memory = ScrubMemory(path: "/nonexistent/folder/last-scrub")
        memory.write(record)
        #expect(memory.read() == nil)
    }
}

/// The `scrub` section of the configuration file.
@Suite("Scrub section")
struct ScrubSectionTests {
    @Test("times", arguments: [
        ("7d", 604_800_000), ("1s", 1_000), ("90m", 5_400_000), ("12h", 43_200_000), ("366d", 31_622_400_000), ("never", 0),
    ])
    func times(_ text: String, _ milliseconds: UInt64) throws {
        let file = try ConfigurationFile.parse("scrub: { every: \(text) }\n", path: "c.yaml")
        #expect(file.scrub.every == milliseconds)
    }

    @Test("without one it is a week")
    func fallback() throws {
        #expect(try ConfigurationFile.parse("log_level: info\n", path: "c.yaml").scrub.every == 604_800_000)
        #expect(try ConfigurationFile.parse("scrub: {}\n", path: "c.yaml").scrub.every == 604_800_000)
    }

    @Test("what is refused", arguments: [
        "scrub: 7d", "scrub: { every: 0s }", "scrub: { every: 367d }", "scrub: { every: 1w }", "scrub: { every: d }", "scrub: { every: -1d }",
        "scrub: { every: [1d] }", "scrub: { each: 7d }", "scrub: { every: 99999999999999999999d }",
    ])
    func refused(_ text: String) {
        #expect(throws: ConfigurationErrors.self) { try ConfigurationFile.parse(text + "\n", path: "c.yaml") }
    }
}
