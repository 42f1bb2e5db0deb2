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

    static func size(_ record: Record) -> Int {
        record.fields.reduce(64 + record.id.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 }
    }

    static func fits(_ bytes: Int) -> Bool { bytes <= pageBytes }
}
