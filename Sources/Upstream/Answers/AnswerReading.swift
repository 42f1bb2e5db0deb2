import CofferJSON
import CofferStore

/// An answer, read once, as conditions and pointers look at it.
struct AnswerReading {
    let answer: UpstreamAnswer
    /// nil: the body is no JSON, or of a charset that is not read.
    let json: JSONValue?

    init(_ answer: UpstreamAnswer) {
        self.answer = answer
        guard let body = answer.body, answer.failure == nil, answer.isReadable else {
            json = nil
            return
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var bytes = Array(body.bytes.starts(with: mark) ? body.bytes.dropFirst(3) : body.bytes[...])
        json = try? JSONValue.parse(bytes, allowsTrailing: false, repairsText: false)
        for index in bytes.indices { bytes[index] = 0 }
    }

    func find(_ pointer: JSONPointer) -> JSONValue? { json.flatMap { pointer.find(in: $0) } }

    /// Texts and numbers as text; nil for what is none, and for null.
    static func text(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let text): text
        case .bool(let value): value ? "true" : "false"
        default: nil
        }
    }

    func holds(_ condition: AnswerCondition) -> Bool {
        switch condition {
        case .status(let pattern): pattern.matches(answer.status)
        case .contentType(let types): types.contains(answer.contentType)
        case .header(let name, let test): Self.holds(test, answer.header(name).map { .string($0) })
        case .body(let pointer, let test): Self.holds(test, find(pointer))
        case .isJSON(let isJSON): (json != nil) == isJSON
        }
    }

    private static func holds(_ test: TextTest, _ value: JSONValue?) -> Bool {
        switch test {
        case .exists(let exists): return (value.map { !$0.isNull } ?? false) == exists
        case .equals(let texts): return text(value).map(texts.contains) ?? false
        case .differs(let texts): return text(value).map { !texts.contains($0) } ?? false
        case .contains(let parts):
            guard let text = text(value)?.lowercased() else { return false }
            return parts.contains { text.contains($0.lowercased()) }
        case .kind(let kinds): return value.map { kinds.contains($0.kind) } ?? false
        case .all(let tests): return tests.allSatisfy { holds($0, value) }
        }
    }
}
