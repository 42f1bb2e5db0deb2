/// What a search asks for (compat/newapi.md 1.4): a part of the text, or with `%` the whole text with gaps. Case is disregarded.
struct NewAPISearchPattern: Sendable {
    /// In small letters, the pieces between `%`.
    private let pieces: [[UInt8]]

    /// - Throws: where `%` is used in a way that the API refuses.
    init(_ text: String) throws(NewAPIFailure) {
        pieces = Array(text.lowercased().utf8).split(separator: UInt8(ascii: "%"), omittingEmptySubsequences: false).map { Array($0) }
        guard pieces.count > 1 else { return }
        if pieces.count > 2, pieces[1..<(pieces.count - 1)].contains(where: { $0.isEmpty }) { throw NewAPIFailure(.patternDoubled) }
        if pieces.count > 3 { throw NewAPIFailure(.patternTooMany) }
        if pieces.reduce(0, { $0 + $1.count }) < 2 { throw NewAPIFailure(.patternTooShort) }
    }

    var hasWildcard: Bool { pieces.count > 1 }
    /// Matches everything.
    var isEmpty: Bool { pieces.count == 1 && pieces[0].isEmpty }

    func matches(_ text: String) -> Bool {
        if isEmpty { return true }
        let text = Array(text.lowercased().utf8)
        guard let first = pieces.first, let last = pieces.last else { return true }
        guard hasWildcard else { return text.contains(first) }
        guard text.count >= first.count + last.count, text.starts(with: first), text.suffix(last.count).elementsEqual(last) else {
            return false
        }
        let inner = Array(text.dropFirst(first.count).dropLast(last.count))
        return pieces.count == 2 || inner.contains(pieces[1])
    }
}
