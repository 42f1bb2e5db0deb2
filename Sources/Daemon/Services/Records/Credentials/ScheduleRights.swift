import CofferCredentials
import CofferStore
import CofferWire

/// A schedule acts as the daemon. Who makes one, or changes what it does, must be allowed to do that by hand with everything that it may
/// come to cover: a right on schedules alone is none on credentials.
struct ScheduleRights {
    let caller: Caller
    let tenant: TenantID

    /// - Throws: `denied`.
    func require(_ action: ScheduleAction, _ target: CredentialFilter, _ prune: PruneAction?) throws(Failure) {
        guard !caller.rights.isAdministrator else { return }
        switch action {
        case .refresh, .relogin: try require(.credential, .refresh, target.pattern)
        case .check: try require(.credential, .check, target.pattern)
        case .poolRefresh: try require(.pool, .refresh, target.pool.isEmpty ? target.pattern : target.pool)
        // Doors answer to nobody's rules: what their jobs do is everything of their system.
        case .job: throw Self.refusal
        }
        switch prune {
        case nil: break
        case .disable: try require(.credential, .put, target.pattern)
        case .remove: try require(.credential, .delete, target.pattern)
        case .sink(let name): guard caller.allows(.sink, .run, of: tenant, name.bytes) else { throw Self.refusal }
        }
    }

    private static let refusal = Failure(
        .denied, "what this schedule does must be allowed by hand, on every name that its target covers: no policy says so")

    /// Tags, providers, pools and attributes may change hands: only names bound what a schedule reaches.
    private func require(_ noun: Noun, _ action: Action, _ pattern: String) throws(Failure) {
        guard Self.samples(of: pattern).allSatisfy({ caller.allows(noun, action, of: tenant, $0) }) else { throw Self.refusal }
    }

    /// Names that the pattern covers, with something in the place of each `*` that only a rule's own wildcards let through, of one segment
    /// and of several.
    static func samples(of pattern: String) -> [[UInt8]] {
        let pieces = Array((pattern.isEmpty ? "*" : pattern).utf8).split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard pieces.count > 1 else { return [Array(pattern.utf8)] }
        return [1, 2, 9].map { depth in
            // No name and no rule has this byte.
            let filler = Array(repeating: [UInt8(0xFF)], count: depth).joined(separator: [UInt8(ascii: "/")])
            return Array(pieces.joined(separator: Array(filler)))
        }
    }
}
