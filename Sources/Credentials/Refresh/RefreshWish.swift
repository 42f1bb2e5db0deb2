/// What somebody wants of a credential's refresh.
struct RefreshWish: Equatable, Sendable {
    enum Need: Equatable, Sendable {
        /// New tokens, whatever is there (decisions 14).
        case anew
        /// Tokens that live for so many milliseconds; where they are there by now, nothing is dialled.
        case left(UInt64)
        /// Only what the last process, or a lost answer, left is to be brought to its end.
        case rest
    }

    /// Empty: those of the journal.
    var kinds: Set<String>
    var need: Need
    var relogin = false
    var force = RefreshForce()
    /// Who asked, as a selector.
    var principal: String

    /// Whether a refresh for this one, which is on its way, gives what `other` wants.
    func covers(_ other: RefreshWish) -> Bool { other.kinds.isSubset(of: kinds) && (relogin || !other.relogin) }

    mutating func merge(_ other: RefreshWish) {
        kinds.formUnion(other.kinds)
        relogin = relogin || other.relogin
        force.again = force.again || other.force.again
        force.hastens = force.hastens || other.force.hastens
        switch (need, other.need) {
        case (.anew, _), (_, .anew): need = .anew
        case (.left(let mine), .left(let others)): need = .left(max(mine, others))
        case (.rest, let others): need = others
        case (_, .rest): break
        }
    }
}
