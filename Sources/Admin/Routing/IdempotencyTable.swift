import CSodium
import CofferHTTP
import CofferJSON
import CofferStore
import Synchronization

/// Requests that were answered under an `Idempotency-Key`: the same again gets the same answer. In memory: a daemon that was started anew
/// knows only what the store knows (secrets).
final class IdempotencyTable: Sendable {
    enum Verdict {
        /// To be carried out.
        case new
        case known(AdminReply)
        /// The first one is still being carried out.
        case running
        /// The key was used for another request.
        case other
    }

    private struct Entry {
        var fingerprint: [UInt8]
        /// `nil`: it runs.
        var reply: AdminReply?
        var time: UInt64
        var size: Int
    }

    private struct State {
        var entries: [[UInt8]: Entry] = [:]
        var size = 0
    }

    private static let lifetime: UInt64 = 24 * 3_600_000
    private static let most = 10_000
    private static let mostBytes = 16 << 20
    private let state = Mutex(State())

    /// - Parameter caller: keys of one caller are not another's.
    func begin(_ key: String, caller: String, _ call: HTTPCall) -> Verdict {
        let place = Self.place(key, caller)
        let fingerprint = Self.digest([Array(call.method.utf8), Array(call.path.utf8), Array(call.query.utf8), call.body])
        let now = Store.systemClock()
        return state.withLock { state in
            if let entry = state.entries[place], entry.time + Self.lifetime > now {
                guard entry.fingerprint == fingerprint else { return .other }
                return entry.reply.map { .known($0) } ?? .running
            }
            Self.makeRoom(&state, now)
            state.entries[place] = Entry(fingerprint: fingerprint, reply: nil, time: now, size: 0)
            return .new
        }
    }

    /// - Parameter reply: `nil`: it failed, and may be tried again.
    func end(_ key: String, caller: String, _ reply: AdminReply?) {
        let place = Self.place(key, caller)
        var kept = reply
        // What is shown this once is not kept for a second time.
        if reply?.isSecret == true, case .object(let members)? = reply?.json {
            kept?.json = .object(members.filter { !["secret", "secret_base64", "value", "value_base64", "csrf"].contains($0.0) })
        }
        if reply?.stream != nil { kept = nil }
        let size = kept?.json?.encoded().count ?? 0
        state.withLock { state in
            guard let kept else {
                state.entries[place] = nil
                return
            }
            state.entries[place]?.reply = kept
            state.entries[place]?.size = size
            state.size += size
        }
    }

    private static func makeRoom(_ state: inout State, _ now: UInt64) {
        guard state.entries.count >= most || state.size >= mostBytes else { return }
        state.entries = state.entries.filter { $0.value.time + lifetime > now }
        if state.entries.count >= most || state.size >= mostBytes {
            // The older half goes.
            let times = state.entries.values.map(\.time).sorted()
            let middle = times[times.count / 2]
            state.entries = state.entries.filter { $0.value.reply == nil || $0.value.time > middle }
        }
        state.size = state.entries.values.reduce(0) { $0 + $1.size }
    }

    private static func place(_ key: String, _ caller: String) -> [UInt8] { digest([Array(caller.utf8), Array(key.utf8)]) }

    private static func digest(_ parts: [[UInt8]]) -> [UInt8] {
        var text: [UInt8] = []
        for part in parts { text += withUnsafeBytes(of: UInt64(part.count).bigEndian) { Array($0) } + part }
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256(&digest, text, UInt64(text.count))
        return digest
    }
}
