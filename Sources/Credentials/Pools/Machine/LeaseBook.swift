/// A token that was handed out from a pool.
struct PoolLease: Sendable {
    let id: LeaseID
    /// 0: the pool's own token.
    let credential: UInt64
    let kind: String
    /// Place in the machine's order of events.
    let granted: UInt64
    /// Unix milliseconds.
    let ends: UInt64
    /// When the token had been got; where it was still to be got: when the one before it had been.
    let generation: UInt64
    let isAwaiting: Bool
    /// The one request that a half-open member lets through.
    let isProbe: Bool
    /// Neither reported nor given back.
    var isOut = true
}

/// The leases of a pool, in the order of their beginning, which is that of their end: all last equally long.
struct LeaseBook: Sendable {
    /// Those that have not ended; reported ones stay until then, so that a repeated report is known.
    private var leases: [PoolLease] = []
    private var head = 0
    /// Leases that were dropped at the front.
    private var dropped: UInt64 = 0
    private var places: [LeaseID: UInt64] = [:]

    var count: Int { leases.count - head }
    var first: PoolLease? { head < leases.count ? leases[head] : nil }

    mutating func append(_ lease: PoolLease) {
        places[lease.id] = dropped + UInt64(leases.count)
        leases.append(lease)
    }

    mutating func removeFirst() {
        guard head < leases.count else { return }
        places[leases[head].id] = nil
        head += 1
        if head >= 64, head > leases.count / 2 {
            leases.removeFirst(head)
            dropped += UInt64(head)
            head = 0
        }
    }

    mutating func removeAll() { self = LeaseBook() }

    func find(_ id: LeaseID) -> PoolLease? { places[id].map { leases[Int($0 - dropped)] } }

    mutating func close(_ id: LeaseID) {
        guard let place = places[id] else { return }
        leases[Int(place - dropped)].isOut = false
    }

    /// The newest lease of a member that is out.
    func newest(of credential: UInt64) -> PoolLease? {
        leases[head...].last { $0.isOut && $0.credential == credential }
    }

    /// From the oldest on, until `body` says stop.
    func forEachOut(_ body: (PoolLease) -> Bool) {
        for index in head..<leases.count where leases[index].isOut {
            if !body(leases[index]) { return }
        }
    }
}
