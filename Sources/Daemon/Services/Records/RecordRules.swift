import CofferAccounts
import CofferStore
import CofferWire

/// What all nouns have in common.
enum RecordRules {
    /// Bytes that the records of one page may take: an answer is one frame.
    private static let pageBytes = 768 << 10

    /// For nouns that have none.
    static func refuse(_ secret: SecretBuffer?) throws(Failure) {
        guard secret == nil else { throw Failure(.invalidArgument, "this record has no secret") }
    }

    /// One page of `elements`, which are sorted by `key`.
    static func page<Element>(
        _ elements: [Element], _ query: RecordQuery, key: (Element) -> String, record: (Element) -> Record
    ) throws(Failure) -> RecordPageResult {
        var result = RecordPageResult(total: elements.count)
        let after = Array(query.after.utf8)
        var bytes = 0
        for element in elements where after.isEmpty || after.lexicographicallyPrecedes(Array(key(element).utf8)) {
            let record = record(element)
            bytes += size(record)
            if result.records.count == query.limit || (bytes > pageBytes && !result.records.isEmpty) {
                result.next = result.records.last.map { $0.id } ?? ""
                break
            }
            result.records.append(record)
        }
        return result
    }

    /// One page of what was found behind the cursor, up to one more than asked for, by number.
    static func page<Element>(_ found: [Element], total: Int, _ query: RecordQuery, record: (Element) -> Record) -> RecordPageResult
    where Element: Numbered {
        var result = RecordPageResult(total: total)
        var bytes = 0
        var last: UInt64 = 0
        for element in found {
            let record = record(element)
            bytes += size(record)
            if result.records.count == query.limit || (bytes > pageBytes && !result.records.isEmpty) {
                result.next = "\(last)"
                break
            }
            result.records.append(record)
            last = element.number
        }
        return result
    }

    /// The number that an id or a cursor spells, in its one spelling; `nil`: it spells none.
    static func number(_ text: some StringProtocol) -> UInt64? { UInt64(text).flatMap { String($0) == text ? $0 : nil } }

    /// - Throws: `invalidArgument` for a cursor of another list.
    static func numberOfCursor(_ text: String) throws(Failure) -> UInt64 {
        if text.isEmpty { return 0 }
        guard let number = number(text) else { throw Failure(.invalidArgument, "the cursor is not one that this list gave") }
        return number
    }

    private static func size(_ record: Record) -> Int {
        record.fields.reduce(64 + record.id.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 }
    }
}

/// What lists go through by number.
protocol Numbered {
    var number: UInt64 { get }
}

extension User: Numbered {}
extension AccessToken: Numbered {}
extension APIKeyView: Numbered {
    var number: UInt64 { key.number }
}
