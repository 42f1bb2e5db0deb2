import CofferStore
import CofferUpstream

/// What lies in the store while a dial is on its way: written before it, gone with the commit that saves its answer.
struct RefreshJournal: Equatable, Sendable {
    enum Stage: UInt8, Sendable {
        /// Nothing was sent.
        case claimed = 0
        /// It may have been sent.
        case dialled = 1
        /// It was sent, the answer was lost, and the upstream takes the same token again for a while (``Replay/grace(seconds:)``).
        case uncertain = 2
    }

    var stage: Stage = .claimed
    /// Which claim it is; ``CredentialState/fence`` was set to it by the same commit.
    var fence: UInt64 = 0
    var attempt: RefreshAttempt
    /// Unix milliseconds.
    var claimed: UInt64 = 0
    /// When this very token was first presented without an answer; Unix milliseconds, 0: never.
    var firstUse: UInt64 = 0
    /// Whether an earlier dial with this token was left without an answer.
    var repeats = false
}

/// One dial that somebody wants.
struct RefreshAttempt: Equatable, Sendable {
    var step: String
    /// Kind of the token that is presented; empty: none is.
    var consumes: String
    /// Of that token.
    var fingerprint: [UInt8]
    var replay: Replay
    var isLogin = false
    var task: RefreshTask
}

/// What the dials of a refresh are to come to together, and how far they have come.
struct RefreshTask: Equatable, Sendable {
    /// Token kinds to get anew.
    var kinds: Set<String>
    /// Those that were got so far, and what else came with them.
    var got: Set<String> = []
    /// Tokens that were judged dead on the way, by kind: their fingerprints. They are not presented again.
    var dead: [String: [UInt8]] = [:]
    /// Only what a login gives is used.
    var relogin = false

    var isDone: Bool { kinds.isSubset(of: got) }
}

extension CredentialDocuments {
    static func encode(_ journal: RefreshJournal) -> SecretBuffer {
        write { writer in
            let attempt = journal.attempt
            writer.u8(journal.stage.rawValue)
            writer.u64(journal.fence)
            writer.u64(journal.claimed)
            writer.u64(journal.firstUse)
            writer.bool(journal.repeats)
            writer.text(attempt.step)
            writer.text(attempt.consumes)
            writer.bytes16(attempt.fingerprint)
            switch attempt.replay {
            case .never: writer.u64(0)
            case .safe: writer.u64(1)
            case .grace(let seconds): writer.u64(2 + UInt64(seconds))
            }
            writer.bool(attempt.isLogin)
            writer.texts(attempt.task.kinds.sorted())
            writer.texts(attempt.task.got.sorted())
            writer.u16(UInt16(clamping: attempt.task.dead.count))
            for (kind, fingerprint) in attempt.task.dead.sorted(by: { $0.key < $1.key }) {
                writer.text(kind)
                writer.bytes16(fingerprint)
            }
            writer.bool(attempt.task.relogin)
        }
    }

    static func journal(_ bytes: SecretBuffer) throws(StoreError) -> RefreshJournal {
        try read(bytes, "a refresh's journal") { (reader) throws(StoreError) in
            guard let stage = RefreshJournal.Stage(rawValue: try reader.u8()) else { throw damaged("a refresh's journal") }
            let (fence, claimed, firstUse) = (try reader.u64(), try reader.u64(), try reader.u64())
            let repeats = try reader.bool()
            let (step, consumes, fingerprint) = (try reader.text(), try reader.text(), try reader.bytes16())
            let replay: Replay = switch try reader.u64() {
            case 0: .never
            case 1: .safe
            case let other: .grace(seconds: UInt32(clamping: other - 2))
            }
            let isLogin = try reader.bool()
            var task = RefreshTask(kinds: Set(try texts(&reader)))
            task.got = Set(try texts(&reader))
            for _ in 0..<Int(try reader.u16()) {
                let kind = try reader.text()
                task.dead[kind] = try reader.bytes16()
            }
            task.relogin = try reader.bool()
            let attempt = RefreshAttempt(
                step: step, consumes: consumes, fingerprint: fingerprint, replay: replay, isLogin: isLogin, task: task)
            return RefreshJournal(stage: stage, fence: fence, attempt: attempt, claimed: claimed, firstUse: firstUse, repeats: repeats)
        }
    }
}
