import CofferWire

/// Scrubs.
extension ValidCases {
    static let scrubs: [Vector] = [
        request("scrub-request-state", "", .scrub, ScrubRequest(.state)),
        request("scrub-request-start", "", .scrub, ScrubRequest(.start), deadline: 60_000),
        request("scrub-request-stop", "", .scrub, ScrubRequest(.stop)),
        response("scrub-response-running", "Nothing has come to its end yet.", .scrub,
            ScrubResponse(isRunning: true, done: 256, total: 1_000, interval: 604_800_000, last: nil)),
        response("scrub-response", "Everything is as the store left it.", .scrub,
            ScrubResponse(
                isRunning: false, done: 7, total: 7, interval: 604_800_000,
                last: ScrubResult(
                    began: time, finished: time + 900, failure: "", position: position, records: 7, bytes: 1_400,
                    tables: [.init(table: "values", records: 2), .init(table: "secrets", records: 2)], findingCount: 0, findings: []))),
        response("scrub-response-findings", "A value is gone, and a record that nobody can name does not authenticate.", .scrub,
            ScrubResponse(
                isRunning: false, done: 7, total: 7, interval: 0,
                last: ScrubResult(
                    began: time, finished: time + 900, failure: "", position: position, records: 7, bytes: 1_400, tables: [],
                    findingCount: 2,
                    findings: [
                        ScrubEntry(
                            kind: .missingValue, table: "values", tenant: "main", name: name, version: 3,
                            message: "the value of version 3 of 'payments/stripe/api-key' is not there"),
                        ScrubEntry(
                            kind: .damaged, table: "policies", tenant: "", name: [], version: 0,
                            message: "a record of table policies does not authenticate where it lies"),
                    ]))),
        response("scrub-response-failed", "", .scrub,
            ScrubResponse(
                isRunning: false, done: 0, total: 0, interval: 0,
                last: ScrubResult(
                    began: time, finished: time + 1, failure: "the scrub was stopped", position: position, records: 0, bytes: 0, tables: [],
                    findingCount: 0, findings: []))),
        response("scrub-response-limits", "Most tables, most findings, longest texts.", .scrub,
            ScrubResponse(
                isRunning: true, done: .max, total: .max, interval: .max,
                last: ScrubResult(
                    began: .max, finished: .max, failure: text(1_024, "f"), position: position, records: .max, bytes: .max,
                    tables: (100..<356).map { .init(table: "\($0)" + text(61, "t"), records: .max) }, findingCount: .max,
                    findings: (0..<400).map { number in
                        ScrubEntry(
                            kind: ScrubEntry.Kind.allCases[number % 9], table: text(64, "t"), tenant: text(255, "n"),
                            name: Array(repeating: 0x6E, count: 1_024), version: .max, message: text(1_024, "m"))
                    }))),
        server("scrub-response-failure", "", .response, .scrub, Answer<ScrubResponse>.failure(Failure(.denied, "no policy allows this"))),
    ]
}
