import Foundation
import Testing

@testable import CofferCredentials

@Suite struct ScheduleRuleTests {
    private func next(_ rule: String, after: String, zone: String = "UTC") throws -> UInt64 {
        try ScheduleRule(rule).next(after: utc(after), zone: ScheduleZone(zone))
    }

    @Test func dailyIsTheNextMomentBehindTheLastRun() throws {
        #expect(try next("daily at 02:00", after: "2026-05-10T01:59") == utc("2026-05-10T02:00"))
        #expect(try next("daily at 02:00", after: "2026-05-10T02:00") == utc("2026-05-11T02:00"))
        #expect(try next("daily at 00:00", after: "2026-12-31T23:59") == utc("2027-01-01T00:00"))
    }

    @Test func daysCountFromTheDayOfTheLastRun() throws {
        #expect(try next("every 3 days at 01:00", after: "2026-05-10T00:10") == utc("2026-05-13T01:00"))
        #expect(try next("every 3 days at 01:00", after: "2026-05-10T23:50") == utc("2026-05-13T01:00"))
        #expect(try next("every 1 day", after: "2026-05-10T01:00") == utc("2026-05-11T01:00"))
        #expect(try next("every 366 days at 01:00", after: "2027-03-01T01:00") == utc("2028-03-01T01:00"))
    }

    @Test func monthsEndAndLeapDaysAreDaysLikeOthers() throws {
        #expect(try next("every 1 day at 01:00", after: "2028-02-28T12:00") == utc("2028-02-29T01:00"))
        #expect(try next("every 1 day at 01:00", after: "2027-02-28T12:00") == utc("2027-03-01T01:00"))
        #expect(try next("every 2 days at 01:00", after: "2026-01-31T01:00") == utc("2026-02-02T01:00"))
        #expect(try next("every 31 days at 01:00", after: "2026-12-15T01:00") == utc("2027-01-15T01:00"))
    }

    @Test func theZonesDayCounts() throws {
        // 23:30 UTC is the next day in Berlin already.
        #expect(try next("every 2 days at 01:00", after: "2026-01-10T23:30", zone: "Europe/Berlin") == utc("2026-01-13T00:00"))
        #expect(try next("daily at 01:00", after: "2026-01-11T04:00", zone: "America/New_York") == utc("2026-01-11T06:00"))
    }

    @Test func clocksGoForward() throws {
        // Berlin, 2026-03-29: 02:00 to 03:00 do not exist.
        #expect(try next("daily at 02:30", after: "2026-03-28T12:00", zone: "Europe/Berlin") == utc("2026-03-29T01:00"))
        #expect(try next("daily at 02:00", after: "2026-03-28T12:00", zone: "Europe/Berlin") == utc("2026-03-29T01:00"))
        #expect(try next("daily at 03:00", after: "2026-03-28T12:00", zone: "Europe/Berlin") == utc("2026-03-29T01:00"))
        #expect(try next("daily at 01:59", after: "2026-03-28T12:00", zone: "Europe/Berlin") == utc("2026-03-29T00:59"))
        // And the day behind it is as every other.
        #expect(try next("daily at 02:30", after: "2026-03-29T01:00", zone: "Europe/Berlin") == utc("2026-03-30T00:30"))
        // New York, 2026-03-08.
        #expect(try next("every 1 day at 02:30", after: "2026-03-07T12:00", zone: "America/New_York") == utc("2026-03-08T07:00"))
    }

    @Test func clocksGoBackAndTheHourComesTwiceButTheRunOnce() throws {
        // Berlin, 2026-10-25: 02:30 is at 00:30 and at 01:30 UTC.
        #expect(try next("daily at 02:30", after: "2026-10-24T12:00", zone: "Europe/Berlin") == utc("2026-10-25T00:30"))
        #expect(try next("daily at 02:30", after: "2026-10-25T00:30", zone: "Europe/Berlin") == utc("2026-10-26T01:30"))
        // New York, 2026-11-01: 01:30 twice.
        #expect(try next("daily at 01:30", after: "2026-10-31T12:00", zone: "America/New_York") == utc("2026-11-01T05:30"))
        #expect(try next("daily at 01:30", after: "2026-11-01T05:30", zone: "America/New_York") == utc("2026-11-02T06:30"))
    }

    @Test func aDayThatAZoneLeftOutRunsWhenItIsOver() throws {
        // Samoa had no 2011-12-30.
        #expect(try next("daily at 01:00", after: "2011-12-29T12:00", zone: "Pacific/Apia") == utc("2011-12-30T10:00"))
        #expect(try next("daily at 01:00", after: "2011-12-30T10:00", zone: "Pacific/Apia") == utc("2011-12-30T11:00"))
    }

    @Test func minutesCountFromTheLastRun() throws {
        #expect(try next("every 90 minutes", after: "2026-05-10T23:00") == utc("2026-05-11T00:30"))
        #expect(try next("every 6 hours", after: "2026-05-10T23:00") == utc("2026-05-11T05:00"))
    }

    /// Every minute's wall clock says whether the moment is right: the first at which it shows the time, or the end of the gap.
    @Test(arguments: ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "America/Sao_Paulo"])
    func momentsAreWhatTheWallClockSays(name: String) throws {
        let zone = try ScheduleZone(name)
        let foundation = try #require(TimeZone(identifier: name))
        func wall(_ seconds: Int64) -> Int64 {
            seconds + Int64(foundation.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
        }
        let first = Int64(utc("2024-01-01T00:00") / 86_400_000)
        for day in first..<(first + 3 * 366) {
            for text in ["00:00", "01:30", "02:00", "02:15", "02:30", "03:00", "23:59"] {
                let time = try TimeOfDay(text)
                let wanted = day * 86_400 + time.seconds
                let moment = zone.moment(day: day, time)
                if wall(moment) == wanted {
                    let earlier = stride(from: moment - 7_200, to: moment, by: 60).contains { wall($0) == wanted }
                    #expect(!earlier, "\(name) \(day) \(text): shown earlier already")
                } else {
                    #expect(wall(moment - 1) < wanted && wall(moment) > wanted, "\(name) \(day) \(text): neither shown nor skipped")
                }
            }
        }
    }

    @Test func theNextMomentIsAlwaysLater() throws {
        var random = SystemRandomNumberGenerator()
        let zones = try ["Europe/Berlin", "Pacific/Apia", "America/New_York", "UTC"].map { (name) in try ScheduleZone(name) }
        for _ in 0..<20_000 {
            let last = UInt64.random(in: 0...4_000_000_000_000, using: &random)
            let time = try TimeOfDay(hour: .random(in: 0...23, using: &random), minute: .random(in: 0...59, using: &random))
            let rules: [ScheduleRule] = [
                .daily(at: time), .everyDays(.random(in: 1...366, using: &random), at: time), .everyMinutes(.random(in: 1...10_000, using: &random)),
            ]
            for rule in rules {
                guard let zone = zones.randomElement(using: &random) else { continue }
                #expect(rule.next(after: last, zone: zone) > last, "\(rule) after \(last)")
            }
        }
    }

    // MARK: Text

    @Test(arguments: [
        "daily at 02:00", "every 1 day at 01:00", "every 3 days at 23:59", "every minute", "every 30 minutes", "every hour", "every 6 hours",
    ])
    func textsAreWrittenAsTheyAreRead(text: String) throws {
        #expect(try ScheduleRule(text).description == text)
    }

    @Test(arguments: [
        ("every 0 days at 01:00", "days"), ("every -1 days at 01:00", "days"), ("every 367 days", "days"), ("every 1.5 days", "days"),
        ("every 99999999999999999999 days", "days"), ("every 0 minutes", "minutes"), ("every 527041 minutes", "minutes"), ("every 0 hours", "hours"),
        ("daily at 25:00", "time"), ("daily at 24:00", "time"), ("daily at 2:00", "time"), ("daily at 02:60", "time"), ("daily at", "rule"),
        ("daily", "rule"), ("", "rule"), ("hourly", "rule"), ("every days now", "rule"), ("every 3 weeks", "rule"), ("every", "rule"),
        ("every 3 days at 01:00 sharp", "rule"), ("every 3 hours at 01:00", "rule"), ("daily at \u{1B}[2J", "time"),
    ])
    func whatIsWrongIsNamed(text: String, field: String) async {
        #expect(await scheduleRefusal { _ = try ScheduleRule(text) } == "invalidArgument:\(field)")
    }

    @Test(arguments: ["", "Mars/Olympus", "CEST", "+02:00", "Europe/../Berlin", "../etc/passwd", "Europe/Berlin\n", "GMT+1"])
    func anUnknownZoneIsRefused(name: String) async {
        #expect(await scheduleRefusal { _ = try ScheduleZone(name) } == "invalidArgument:time_zone")
    }
}
