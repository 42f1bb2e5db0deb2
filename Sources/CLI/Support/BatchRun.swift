import CofferClient

/// Does the same with several credentials or their like, a few at once, with a line for each.
struct BatchRun {
    /// What became of one.
    struct Outcome: Sendable {
        var text: String
        var record: Record?
        var details: [(String, JSON)] = []
        /// For people, behind the text.
        var lines: [String] = []
        /// What it ends with where it is the only one; `success`: it is done.
        var status = ExitStatus.success

        init(_ text: String, record: Record? = nil) {
            self.text = text
            self.record = record
        }

        /// What an act says. One that was refused in its details is a failure.
        init(_ act: ActResult, done: String) {
            record = act.record
            details = act.details.filter { !$0.value.isEmpty }.map { ($0.name, .text($0.value)) }
            guard let error = act["error"].flatMap({ UInt16($0) }) else {
                text = act.result.isEmpty ? done : "\(done): \(act.result)"
                return
            }
            text = "failed: \(act.result)"
            let (status, code) = FailureReport.status(ofServer: error)
            self.status = status
            details = details.filter { $0.0 != "error" } + [("error", .text(code))]
        }
    }

    private let selection: CredentialSelection?
    private let names: [String]
    private let global: GlobalOptions
    /// At once. The daemon keeps to what each provider allows.
    private static let width = 64

    init(_ selection: CredentialSelection, _ global: GlobalOptions) {
        self.selection = selection
        names = []
        self.global = global
    }

    init(names: [String], _ global: GlobalOptions) {
        selection = nil
        self.names = names
        self.global = global
    }

    /// - Throws: ``QuietExit`` where one failed: with its own code where it was the only one, else with 1.
    func run(_ work: @escaping @Sendable (CofferClient, String) async throws -> Outcome) async throws {
        let client = try global.client()
        let names = if let selection { try await selection.resolve(client) } else { names }
        guard !names.isEmpty else {
            if !global.json { try Output.line("none is found") }
            return
        }
        let progress = Progress(total: names.count, wanted: !global.json && names.count > 1)
        let drawing = Task { await progress.draw() }
        defer {
            drawing.cancel()
            progress.finish()
        }
        var failures: [ExitStatus] = []
        var done: UInt64 = 0
        try await withThrowingTaskGroup(of: (String, Outcome).self) { group in
            var rest = names[...]
            func begin() {
                guard let name = rest.popFirst() else { return }
                group.addTask { (name, await Self.outcome(client, name, work)) }
            }
            for _ in 0..<Self.width { begin() }
            while let (name, outcome) = try await group.next() {
                begin()
                done += 1
                progress.update(done)
                progress.pause()
                try print(name, outcome)
                if outcome.status != .success { failures.append(outcome.status) }
            }
        }
        progress.finish()
        if names.count > 1, !global.json { try Output.line("\(names.count - failures.count) done, \(failures.count) failed") }
        if let first = failures.first { throw QuietExit(status: names.count == 1 ? first : .failure) }
    }

    private static func outcome(
        _ client: CofferClient, _ name: String, _ work: @Sendable (CofferClient, String) async throws -> Outcome
    ) async -> Outcome {
        do {
            return try await work(client, name)
        } catch {
            let report = FailureReport(error)
            var outcome = Outcome("failed: \(report.message)")
            outcome.details = [("error", .text(report.code))]
            outcome.status = report.status
            return outcome
        }
    }

    private func print(_ name: String, _ outcome: Outcome) throws {
        guard global.json else {
            try Output.line("\(Printable.text(name)): \(Printable.text(outcome.text))")
            for line in outcome.lines { try Output.line(Printable.text(line)) }
            return
        }
        var fields: [(String, JSON)] = [
            ("name", .text(name)), ("ok", .bool(outcome.status == .success)), ("message", .text(outcome.text)),
        ]
        if let state = outcome.record?["state"] { fields.append(("state", .text(state))) }
        if !outcome.details.isEmpty { fields.append(("details", .object(outcome.details))) }
        try Output.line(.object(fields))
    }
}
