/// Which credentials have a token, or came with it: two that present the same single-use token use it up for each other.
///
/// A value, part of what memory holds. Deleted credentials count: they may come back.
struct TokenHolders: Sendable {
    /// The attribute that remembers which refresh token an import brought: it is another one after the first refresh.
    static let attribute = "import.refresh"

    private var current = Index()
    private var imported = Index()

    /// The credentials that have a token of this mark, ascending.
    func holders(of mark: TokenMark) -> [UInt64] { current.byMark[mark] ?? [] }

    /// Those that an import brought with it, ascending.
    func importedWith(_ mark: TokenMark) -> [UInt64] { imported.byMark[mark] ?? [] }

    /// - Parameter mark: `nil`: it has no token of this kind.
    mutating func set(_ mark: TokenMark?, of number: UInt64, kind: String) { current.set(mark, of: number, kind: kind) }

    /// What its settings say of its import.
    mutating func set(_ credential: Credential) {
        imported.set(TokenMark(text: credential.attributes[Self.attribute]), of: credential.number, kind: "")
    }

    mutating func forget(_ number: UInt64) {
        current.forget(number)
        imported.forget(number)
    }

    private struct Index: Sendable {
        private var marks: [UInt64: [String: TokenMark]] = [:]
        private(set) var byMark: [TokenMark: [UInt64]] = [:]

        mutating func set(_ mark: TokenMark?, of number: UInt64, kind: String) {
            guard marks[number]?[kind] != mark else { return }
            if let old = marks[number]?.removeValue(forKey: kind), marks[number]?.values.contains(old) != true {
                byMark[old]?.removeAll { $0 == number }
                if byMark[old]?.isEmpty == true { byMark[old] = nil }
            }
            guard let mark else {
                if marks[number]?.isEmpty == true { marks[number] = nil }
                return
            }
            marks[number, default: [:]][kind] = mark
            guard byMark[mark]?.contains(number) != true else { return }
            byMark[mark, default: []].append(number)
            byMark[mark]?.sort()
        }

        mutating func forget(_ number: UInt64) {
            for kind in Array((marks[number] ?? [:]).keys) { set(nil, of: number, kind: kind) }
        }
    }
}
