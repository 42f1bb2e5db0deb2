/// Tells what became of each row of an import as it happens, and the sums at the end.
final class TokenImportReport {
    private static let results = ["created", "changed", "unchanged", "refused", "skipped"]

    private let dryRun: Bool
    private let json: Bool
    private let progress: Progress
    private let drawing: Task<Void, Never>
    private var counts: [String: UInt64] = [:]
    private var remarks: [String] = []
    private var settingsRefused = 0
    private var settingsCount = 0
    private var done: UInt64 = 0
    private var output: [UInt8] = []

    /// - Parameter total: rows; `nil`: nobody knows.
    init(dryRun: Bool, json: Bool, total: Int?) {
        self.dryRun = dryRun
        self.json = json
        let progress = Progress(total: total, wanted: !json)
        self.progress = progress
        drawing = Task { await progress.draw() }
    }

    func begin(_ remarks: [String]) throws {
        for text in remarks { remark(text) }
        if json { output += Array("{\"dry_run\": \(dryRun), \"rows\": [".utf8) }
    }

    func remark(_ text: String) {
        remarks.append(text)
        guard !json else { return }
        progress.pause()
        Output.remark("coffer: \(Printable.text(text))")
    }

    func row(_ origin: String, _ result: String, _ note: String) throws {
        counts[result, default: 0] += 1
        if json {
            output += Array((done == 0 ? "\n" : ",\n").utf8)
            JSON.object([("origin", .text(origin)), ("result", .text(result)), ("note", .text(note))]).append(to: &output)
        } else {
            output += Array("\(Printable.text(origin)): \(result)\(note.isEmpty ? "" : ": " + Printable.text(note))\n".utf8)
        }
        done += 1
        progress.update(done)
        try flush(above: 32_768)
    }

    /// A line for each key of a configuration, and what belongs into the daemon's own.
    func settings(_ lines: [DoorSettingsImport.Line], configuration: [String]) throws {
        settingsCount = lines.count
        settingsRefused = lines.count { $0.isRefused }
        if json {
            output += Array("\n], \"settings\": ".utf8)
            JSON.array(lines.map { line in
                .object([("key", .text(line.key)), ("result", .text(line.result)), ("note", .text(line.note))])
            }).append(to: &output)
            output += Array(", \"configuration\": ".utf8)
            JSON.texts(configuration).append(to: &output)
            output += Array(", \"sums\": [".utf8)
            return
        }
        for line in lines { output += Array("\(Printable.text(line.key)): \(line.text)\n".utf8) }
        guard !configuration.isEmpty else { return }
        output += Array("\nfor the daemon's configuration:\nhttp:\n".utf8)
        for line in configuration { output += Array("  \(Printable.text(line))\n".utf8) }
        output += Array("\n".utf8)
    }

    /// The sums.
    /// - Throws: what the command ends with where something was refused, or nothing was there.
    func finish(nothing: String) throws {
        progress.finish()
        if json {
            output += Array("\n], ".utf8)
            var fields = Self.results.map { ($0, JSON.number(counts[$0] ?? 0)) }
            fields.append(("remarks", .texts(remarks)))
            var bytes: [UInt8] = []
            JSON.object(fields).append(to: &bytes)
            output += bytes.dropFirst() + [UInt8(ascii: "\n")]
        } else if done > 0 {
            let sums = Self.results.map { "\(counts[$0] ?? 0) \($0)" }.joined(separator: ", ")
            output += Array((dryRun ? "would be: \(sums)\n" : "\(sums)\n").utf8)
        }
        try flush(above: 0)
        // Said already, line by line.
        if (counts["refused"] ?? 0) > 0 || settingsRefused > 0 { throw QuietExit(status: .badInput) }
        if done == 0, settingsCount == 0 { throw CommandFailure.badInput(nothing) }
    }

    /// Takes the bar away, whatever happened, and writes what was reported so far.
    func end() {
        try? flush(above: 0)
        drawing.cancel()
        progress.finish()
    }

    private func flush(above limit: Int) throws {
        guard output.count > limit else { return }
        let bytes = output
        output.removeAll(keepingCapacity: true)
        progress.pause()
        try Output.write(bytes)
    }
}
