import CofferWire

/// How a watched credential or pool stands now that it has changed.
public typealias TokenChange = TokenWatchEvent.Change

/// What a watch of tokens reports.
public typealias TokenUpdate = TokenWatchEvent

/// Where a watch of tokens stands. Its events say how things are, not what happened: one that comes twice does no harm.
struct TokenCursor: SubscriptionCursor {
    private(set) var position: Position

    init(_ position: Position) { self.position = position }

    mutating func take(_ update: TokenUpdate) -> TokenUpdate? {
        switch update {
        case .resync(let position): restart(at: position)
        case .change(let change): if change.last { position.revision = change.revision }
        }
        return update
    }

    mutating func restart(at position: Position) { self.position = position }
    static func resync(_ position: Position) -> TokenUpdate { .resync(position) }
}
