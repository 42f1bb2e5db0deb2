import CofferStore
import Testing

@testable import CofferDaemon

@Suite struct WatchIndexTests {
    private final class Watch {
        let subject: WatchIndex<Watch>.Subject
        init(_ name: String, exact: Bool, tenant: TenantID = .main) { subject = .init(tenant: tenant, name: Array(name.utf8), exact: exact) }

        func concerns(_ change: Change) -> Bool {
            change.table == .secrets && change.tenant == subject.tenant
                && (subject.exact ? change.name == subject.name : change.name.starts(with: subject.name))
        }
    }

    private func change(_ name: String, tenant: TenantID = .main, table: Change.Table = .secrets) -> Change {
        Change(
            revision: 1, ordinal: 0, lastOfRevision: true, table: table, tenant: tenant, name: Array(name.utf8), operation: .put, version: 1,
            activeChanged: true)
    }

    @Test func eachThatIsConcernedOnce() {
        var index = WatchIndex<Watch>()
        let watches = [Watch("a/x", exact: true), Watch("a/", exact: false), Watch("", exact: false), Watch("b", exact: true)]
        for watch in watches { index.add(watch, watch.subject) }
        let found = index.concerned(by: [change("a/x"), change("a/y"), change("a/x")])
        #expect(Set(found.map(ObjectIdentifier.init)) == Set(watches[..<3].map(ObjectIdentifier.init)) && found.count == 3)
        #expect(index.concerned(by: [change("a/x", table: .policies)]).isEmpty)
        #expect(index.concerned(by: [change("a", tenant: 2)]).isEmpty)
        #expect(index.concerned(by: [change("a")]).map(\.subject.name) == [[]])
    }

    /// Against asking each watch, while watches come and go.
    @Test func itFindsWhatEachWatchWouldSay() {
        var random = SystemRandomNumberGenerator()
        let names = ["", "a", "ab", "ab/", "ab/c", "ab/cd", "b", "b/", "b/a"]
        var index = WatchIndex<Watch>()
        var watches: [Watch] = []
        for _ in 0..<2_000 {
            if watches.isEmpty || Bool.random(using: &random) {
                let watch = Watch(names.randomElement(using: &random) ?? "", exact: .random(using: &random), tenant: .random(in: 1...2, using: &random))
                watches.append(watch)
                index.add(watch, watch.subject)
            } else {
                let watch = watches.remove(at: .random(in: 0..<watches.count, using: &random))
                index.remove(watch, watch.subject)
            }
            let changes = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                change(names.randomElement(using: &random) ?? "", tenant: .random(in: 1...2, using: &random), table: Bool.random(using: &random) ? .secrets : .pools)
            }
            let wanted = watches.filter { watch in changes.contains { watch.concerns($0) } }
            let found = index.concerned(by: changes)
            #expect(found.count == wanted.count && Set(found.map(ObjectIdentifier.init)) == Set(wanted.map(ObjectIdentifier.init)))
            #expect(index.all.count == watches.count && index.isEmpty == watches.isEmpty)
        }
    }
}
