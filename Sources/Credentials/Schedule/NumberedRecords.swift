import CofferStore

/// A record with a number of its own and a name that is unique in its tenant: schedules and sinks.
protocol NumberedRecord: Sendable {
    associatedtype State: Sendable
    var number: UInt64 { get }
    var tenant: TenantID { get }
    var name: DocumentName { get }
    var state: State { get set }
    static var emptyState: State { get }
    /// Its settings lie in the document `NUMBER`, its state in `NUMBER/state`: a run changes no settings' revision.
    static func read(_ bytes: SecretBuffer, revision: UInt64) throws(StoreError) -> Self
    static func readState(_ bytes: SecretBuffer) throws(StoreError) -> State
}

/// All records of a kind in memory. A value: whoever changes it holds a lock.
struct NumberedRecords<Record: NumberedRecord>: Sendable {
    private(set) var records: [UInt64: Record] = [:]
    private var names: [NameInTenant: UInt64] = [:]

    func find(tenant: TenantID, name: [UInt8]) -> Record? {
        names[NameInTenant(tenant: tenant, bytes: name)].flatMap { records[$0] }
    }

    /// Ascending by number.
    var all: [Record] { records.values.sorted { $0.number < $1.number } }

    mutating func load(_ table: DocumentTable, reader: StoreReader) throws(StoreError) {
        self = NumberedRecords()
        var states: [UInt64: Record.State] = [:]
        var loaded: [Record] = []
        try reader.forEachDocument(table) { (name, bytes, revision) throws(StoreError) in
            switch try RecordDocument(name.bytes) {
            case .settings(let number): loaded.append(try Self.settings(number, bytes, revision))
            case .state(let number): states[number] = try Record.readState(bytes)
            }
        }
        for var record in loaded {
            record.state = states[record.number] ?? Record.emptyState
            set(record.number, record)
        }
    }

    /// - Returns: the numbers of records whose settings changed, were made or went.
    mutating func follow(_ changes: [Change], _ table: DocumentTable, reader: StoreReader) throws(StoreError) -> Set<UInt64> {
        var touched: Set<UInt64> = []
        for change in changes where change.table.rawValue == table.rawValue {
            guard let name = try? DocumentName(change.name) else { throw StoreError(.damaged, "a changed document has no valid name") }
            let found = try reader.documentWithRevision(table, name)
            switch try RecordDocument(change.name) {
            case .settings(let number):
                var record = try found.map { (found) throws(StoreError) in try Self.settings(number, found.bytes, found.revision) }
                if let old = records[number] { record?.state = old.state }
                set(number, record)
                touched.insert(number)
            case .state(let number):
                let state = try found.map { (found) throws(StoreError) in try Record.readState(found.bytes) }
                records[number]?.state = state ?? Record.emptyState
            }
        }
        return touched
    }

    private mutating func set(_ number: UInt64, _ record: Record?) {
        if let old = records[number] {
            let key = NameInTenant(tenant: old.tenant, bytes: old.name.bytes)
            if names[key] == number { names[key] = nil }
        }
        records[number] = record
        if let record { names[NameInTenant(tenant: record.tenant, bytes: record.name.bytes)] = number }
    }

    static func settings(_ number: UInt64, _ bytes: SecretBuffer, _ revision: UInt64) throws(StoreError) -> Record {
        let record = try Record.read(bytes, revision: revision)
        guard record.number == number else { throw StoreError(.damaged, "a record's document is about another one") }
        return record
    }
}

/// What the name of such a document says.
enum RecordDocument {
    case settings(UInt64)
    case state(UInt64)

    private static let suffix = Array("/state".utf8)

    init(_ name: [UInt8]) throws(StoreError) {
        if name.suffix(Self.suffix.count).elementsEqual(Self.suffix) {
            self = .state(try CredentialNames.number(name.dropLast(Self.suffix.count)))
        } else {
            self = .settings(try CredentialNames.number(name))
        }
    }

    static func settingsName(_ number: UInt64) throws(CredentialError) -> DocumentName { try .number(number) }
    static func stateName(_ number: UInt64) throws(CredentialError) -> DocumentName { try .checked("\(number)/state") }
}
