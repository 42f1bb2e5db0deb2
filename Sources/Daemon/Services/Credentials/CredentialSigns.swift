import CofferCredentials
import CofferHTTP
import CofferUpstream
import CofferWire

/// What status, doctor, health and metrics tell of credentials. Never a name, never a value.
struct CredentialSigns: Sendable {
    let credentials: Credentials
    let clock: @Sendable () -> UInt64

    var isLocked: Bool { credentials.isLocked }

    /// How many credentials stand how, by ``CredentialRecords/states``; each state is there.
    private func byState() -> [(state: String, count: Int)] {
        let now = clock()
        var counts: [String: Int] = [:]
        var leads: [String: UInt32] = [:]
        for provider in credentials.providers.list() { leads[provider.name] = provider.lead }
        for credential in credentials.credentials.list() {
            counts[credential.word(now: now, lead: leads[credential.provider] ?? 0), default: 0] += 1
        }
        return CredentialRecords.states.map { ($0, counts[$0] ?? 0) }
    }

    // MARK: Status

    func counts() -> [(String, UInt64)] {
        guard !isLocked else { return [] }
        let counters = credentials.tokens.counters()
        var result: [(String, UInt64)] = [("credentials", UInt64(credentials.credentials.count))]
        result += byState().map { ("credentials-\($0.state)", UInt64($0.count)) }
        result += [
            ("refreshes-done", counters.renewed), ("refreshes-failed", counters.failed), ("refreshes-running", UInt64(counters.running)),
            ("refreshes-waited-for", UInt64(counters.waiting)), ("dials", counters.dials.values.reduce(0, &+)),
            ("answers-unsaved", UInt64(counters.unsaved)),
            ("pools", UInt64(credentials.pools.count)), ("schedules", UInt64(credentials.schedules.count)),
            ("schedules-overdue", UInt64(overdue().count)), ("sinks", UInt64(credentials.sinks.count)),
            ("sinks-in-trouble", UInt64(troubled().count)),
        ]
        return result
    }

    /// Schedules whose time passed a minute ago and that do not run.
    private func overdue() -> [Schedule] {
        guard !credentials.rehearses else { return [] }
        let now = clock()
        return credentials.schedules.list { schedule in
            schedule.isEnabled && !schedule.state.isRunning && schedule.state.nextRun != 0 && schedule.state.nextRun + Self.patience < now
        }
    }

    private static let patience: UInt64 = 60_000

    private func troubled() -> [Sink] { credentials.sinks.list { $0.isEnabled && !$0.state.error.isEmpty } }

    // MARK: Doctor

    func findings() -> [Finding] {
        guard !isLocked else { return [Finding(check: "credentials", verdict: .bad, message: "the credentials could not be read")] }
        let states = byState()
        func count(_ state: String) -> Int { states.first { $0.state == state }?.count ?? 0 }
        let (person, dead) = (count("needs-person"), count("dead"))
        var findings = [
            Finding(
                check: "credentials", verdict: person + dead > 0 ? .warning : .good,
                message: person + dead > 0
                    ? "\(person) credentials need a person, \(dead) are dead: 'coffer credential list --state needs-person'"
                    : "\(credentials.credentials.count) credentials, none needs a person")
        ]
        let unsaved = credentials.tokens.counters().unsaved
        if unsaved > 0 {
            findings.append(Finding(
                check: "answers-unsaved", verdict: .bad,
                message: "\(unsaved) answers of upstreams wait in memory: the store takes no changes"))
        }
        let known = Set(credentials.providers.list().map(\.name))
        let orphans = credentials.credentials.list { !known.contains($0.provider) }.count
        if orphans > 0 {
            findings.append(Finding(check: "providers", verdict: .bad, message: "\(orphans) credentials name a provider that is not there"))
        }
        let (late, broken) = (overdue().count, troubled().count)
        if late > 0 { findings.append(Finding(check: "schedules", verdict: .warning, message: "\(late) schedules are overdue")) }
        if broken > 0 {
            findings.append(Finding(
                check: "sinks", verdict: .warning, message: "\(broken) sinks do not stand as they should: 'coffer sink list' says why"))
        }
        return findings
    }

    // MARK: Metrics

    func metrics() -> [Metric] {
        guard !isLocked else { return [] }
        let counters = credentials.tokens.counters()
        let dials = counters.dials.sorted { ($0.key.provider, $0.key.verdict) < ($1.key.provider, $1.key.verdict) }
        return [
            Metric(
                name: "coffer_credentials", help: "Credentials by their state.", kind: .gauge,
                samples: byState().map { .init(labels: [("state", $0.state)], value: Double($0.count)) }),
            Metric(
                name: "coffer_refreshes_total", help: "Refreshes since the start.", kind: .counter,
                samples: [
                    .init(labels: [("result", "renewed")], value: Double(counters.renewed)),
                    .init(labels: [("result", "failed")], value: Double(counters.failed)),
                ]),
            Metric(
                name: "coffer_dials_total", help: "Calls to upstreams since the start.", kind: .counter,
                samples: dials.map { .init(labels: [("provider", $0.key.provider), ("verdict", $0.key.verdict)], value: Double($0.value)) }),
            Self.gauge("coffer_refreshes_running", "Refreshes that run now.", counters.running),
            Self.gauge("coffer_refreshes_waiting", "Callers that wait for a refresh.", counters.waiting),
            Self.gauge("coffer_pools", "Pools.", credentials.pools.count),
            Self.gauge("coffer_schedules_overdue", "Schedules whose time has passed and that do not run.", overdue().count),
            Self.gauge("coffer_sinks_in_trouble", "Sinks that could not be written or whose action failed.", troubled().count),
            Self.gauge("coffer_answers_unsaved", "Answers of upstreams that could not be saved yet.", counters.unsaved),
        ]
    }

    private static func gauge(_ name: String, _ help: String, _ value: Int) -> Metric {
        Metric(name: name, help: help, kind: .gauge, samples: [.init(value: Double(value))])
    }
}
