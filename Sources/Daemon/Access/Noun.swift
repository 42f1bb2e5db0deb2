/// What a rule can be about (decisions 2). Nouns that come later add a case, a code and their actions.
public enum Noun: String, Sendable, CaseIterable {
    case secret, policy, store, audit, backup
    case apikey, user, tenant, door
    case credential, pool, provider, schedule, sink

    /// The number in stored policies and in compiled tables; never given to another noun.
    var code: UInt8 {
        switch self {
        case .secret: 0
        case .policy: 1
        case .store: 2
        case .audit: 3
        case .backup: 4
        case .apikey: 5
        case .user: 6
        case .tenant: 7
        case .door: 8
        case .credential: 9
        case .pool: 10
        case .provider: 11
        case .schedule: 12
        case .sink: 13
        }
    }

    init?(code: UInt8) {
        guard let noun = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = noun
    }

    /// The actions that a rule about this noun may name, in the order in which messages list them.
    public var actions: [Action] {
        switch self {
        case .secret: [.get, .info, .list, .put, .activate, .delete, .destroy]
        case .policy: [.info, .put, .delete]
        case .store: [.info, .lock, .slots, .rekey, .scrub]
        case .audit: [.info, .verify]
        case .backup: [.create, .info]
        case .apikey: [.create, .list, .info, .put, .delete, .verify, .reserve, .settle, .reveal]
        case .user, .tenant: [.create, .list, .info, .put, .delete]
        case .door: [.info, .put]
        case .credential: [.token, .create, .list, .info, .put, .delete, .refresh, .check, .report, .reveal]
        case .pool: [.token, .create, .list, .info, .put, .delete, .refresh, .check, .report]
        case .provider: [.list, .info, .put, .delete]
        case .schedule: [.create, .list, .info, .put, .delete, .run]
        case .sink: [.create, .list, .info, .put, .delete, .run]
        }
    }

    /// There is one store, one audit log and one set of backups: they have no names, and a rule about them needs none.
    public var isSingle: Bool {
        switch self {
        case .secret, .policy, .apikey, .user, .tenant, .door, .credential, .pool, .provider, .schedule, .sink: false
        case .store, .audit, .backup: true
        }
    }
}
