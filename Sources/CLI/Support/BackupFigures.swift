import CofferClient
import CofferStore

/// What a backup says of itself, for people and programs, whoever read it.
struct BackupFigures {
    var created: UInt64
    var storeID: String
    var incarnation: String
    var revision: UInt64
    var counts: [(kind: String, count: UInt64)]
    var digest: String
    /// Of the lines, before encryption.
    var bytes: UInt64

    init(_ summary: BackupSummary) {
        created = summary.created
        storeID = Hex.text(summary.storeID)
        incarnation = Hex.text(summary.incarnation)
        revision = summary.revision
        counts = summary.counts
        digest = summary.digest
        bytes = summary.bytes
    }

    init(_ facts: BackupFacts) {
        created = facts.created
        storeID = Hex.text(facts.storeID.bytes)
        incarnation = Hex.text(facts.position.incarnation.bytes)
        revision = facts.position.revision
        counts = facts.counts.map { ($0.kind, $0.things) }
        digest = Hex.text(facts.digest)
        bytes = facts.bytes
    }

    var fields: [(String, JSON)] {
        [
            ("created", .moment(created)), ("store", .text(storeID)), ("incarnation", .text(incarnation)), ("revision", .number(revision)),
            ("bytes", .number(bytes)), ("digest", .text(digest)),
            ("counts", .object(counts.map { ($0.kind.replacing("-", with: "_"), .number($0.count)) })),
        ]
    }

    /// Lines below a verdict.
    var lines: String {
        let what = counts.map { "\($0.count) \($0.kind.replacing("-", with: " "))" }.joined(separator: ", ")
        return """
            taken     \(Moment.cell(created))
            revision  \(revision) of store \(storeID)
            holds     \(what.isEmpty ? "nothing" : what)
            digest    \(digest)
            """
    }
}
