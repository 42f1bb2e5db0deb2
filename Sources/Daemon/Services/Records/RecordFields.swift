import CofferAccounts
import CofferStore
import CofferWire

/// The fields of a request about a record, taken out one by one; what nobody took is unknown and refused.
struct RecordFields {
    private var values: [String: String]

    init(_ fields: [RecordField]) { values = Dictionary(fields.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }) }

    /// - Throws: `invalidArgument` naming a field that this noun does not have, or that cannot be set.
    func finish(_ noun: Noun) throws(Failure) {
        guard let name = values.keys.min() else { return }
        throw Failure(.invalidArgument, "\(noun.rawValue) has no field '\(Name.printable(name.utf8))' that could be given here")
    }

    mutating func text(_ name: String) -> String? { values.removeValue(forKey: name) }

    mutating func required(_ name: String) throws(Failure) -> String {
        guard let text = text(name) else { throw Failure(.invalidArgument, "the field '\(name)' is missing") }
        return text
    }

    mutating func bool(_ name: String) throws(Failure) -> Bool? {
        switch text(name) {
        case nil: return nil
        case "true": return true
        case "false": return false
        default: throw Failure(.invalidArgument, "'\(name)' must be true or false")
        }
    }

    mutating func number(_ name: String, _ range: ClosedRange<Int64>) throws(Failure) -> Int64? {
        guard let text = text(name) else { return nil }
        guard let number = Int64(text), range.contains(number), String(number) == text else {
            throw Failure(.invalidArgument, "'\(name)' must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// One element a line; the empty text is the empty list.
    mutating func lines(_ name: String) -> [String]? {
        text(name).map { $0.isEmpty ? [] : $0.split(separator: "\n", omittingEmptySubsequences: true).map(String.init) }
    }

    /// `never` is -1.
    mutating func expiry(_ name: String) throws(Failure) -> Int64? {
        guard let text = text(name) else { return nil }
        if text == "never" { return -1 }
        guard let seconds = Int64(text), seconds != -1 else {
            throw Failure(.invalidArgument, "'\(name)' must be Unix seconds, or never")
        }
        return seconds
    }

    /// Unix milliseconds; `never` is 0.
    mutating func moment(_ name: String) throws(Failure) -> UInt64? {
        guard let text = text(name) else { return nil }
        if text == "never" { return 0 }
        guard let milliseconds = UInt64(text), milliseconds > 0, milliseconds < 1 << 53, String(milliseconds) == text else {
            throw Failure(.invalidArgument, "'\(name)' must be Unix milliseconds, or never")
        }
        return milliseconds
    }

    /// `unlimited` is nil inside.
    mutating func units(_ name: String) throws(Failure) -> Int64?? {
        guard let text = text(name) else { return nil }
        if text == "unlimited" { return .some(nil) }
        values[name] = text
        return .some(try number(name, 0...StoreLimits.quota))
    }

    /// - Parameter isAllowed: asked before the rules of names (protocol.md, "Rights"); false is `denied`.
    mutating func documentName(_ name: String, where isAllowed: ([UInt8]) -> Bool) throws(Failure) -> DocumentName? {
        guard let text = text(name) else { return nil }
        guard isAllowed(Array(text.utf8)) else { throw .denied }
        do throws(NameError) { return try DocumentName(text.utf8) } catch {
            throw Failure(.invalidName, "'\(name)': \(error.rawValue)")
        }
    }
}

/// The fields of an answer, put together in the order of their names.
struct RecordBuilder {
    private var fields: [RecordField] = []

    mutating func text(_ name: String, _ value: String) { fields.append(RecordField(name, value)) }
    mutating func bool(_ name: String, _ value: Bool) { text(name, value ? "true" : "false") }
    mutating func number(_ name: String, _ value: some BinaryInteger) { text(name, "\(value)") }
    mutating func lines(_ name: String, _ value: [String]) { text(name, value.joined(separator: "\n")) }
    /// Unix milliseconds; 0 is never.
    mutating func time(_ name: String, _ value: UInt64) { text(name, value == 0 ? "never" : "\(value)") }

    func record(_ noun: String, id: String, revision: UInt64) -> Record {
        Record(noun: noun, id: id, revision: revision, fields: fields.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) })
    }
}
