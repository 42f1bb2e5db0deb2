import CofferStore

/// The watches of a loop by what they follow: a commit looks for those that it concerns, instead of asking each of a thousand.
struct WatchIndex<Watch: AnyObject> {
    /// A name, or what names begin with.
    struct Subject: Hashable {
        var tenant: TenantID
        var name: [UInt8]
        var exact: Bool
    }

    private var places: [Subject: [Watch]] = [:]
    /// How many subjects are beginnings of this length.
    private var lengths: [Int: Int] = [:]
    private var count = 0

    var isEmpty: Bool { count == 0 }

    /// All of them, in no order.
    var all: [Watch] { places.values.flatMap { $0 } }

    mutating func add(_ watch: Watch, _ subject: Subject) {
        if places[subject] == nil, !subject.exact { lengths[subject.name.count, default: 0] += 1 }
        places[subject, default: []].append(watch)
        count += 1
    }

    mutating func remove(_ watch: Watch, _ subject: Subject) {
        guard let index = places[subject]?.firstIndex(where: { $0 === watch }) else { return }
        places[subject]?.remove(at: index)
        count -= 1
        guard places[subject]?.isEmpty == true else { return }
        places[subject] = nil
        guard !subject.exact, let others = lengths[subject.name.count] else { return }
        lengths[subject.name.count] = others > 1 ? others - 1 : nil
    }

    /// The watches that one of the changes is for, each once.
    func concerned(by changes: [Change]) -> [Watch] {
        guard !isEmpty else { return [] }
        var found: [Watch] = []
        var seen: Set<Subject> = []
        func look(_ subject: Subject) {
            guard let watches = places[subject], changes.count == 1 || seen.insert(subject).inserted else { return }
            found += watches
        }
        for change in changes where change.table == .secrets {
            look(Subject(tenant: change.tenant, name: change.name, exact: true))
            for length in lengths.keys where length <= change.name.count {
                look(Subject(tenant: change.tenant, name: Array(change.name.prefix(length)), exact: false))
            }
        }
        return found
    }
}
