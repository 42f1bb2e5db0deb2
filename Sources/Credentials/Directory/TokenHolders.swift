/// Which credential a refresh token belongs to, or came with: two that present the same single-use token use it up for each other.
///
/// A value, part of what memory holds. Credentials that are deleted hold nothing.
struct TokenHolders: Sendable {
    /// The token kind that this is about.
    static let kind = "refresh"
    /// The attribute that remembers which refresh token an import brought: it is another one after the first refresh.
    static let attribute = "import.refresh"

    private struct Marks {
        var current: TokenMark?
        var imported: TokenMark?
        var isDeleted = false

        var held: [TokenMark] { isDeleted ? [] : [current, imported].compactMap { $0 } }
    }

    private var marks: [UInt64: Marks] = [:]
    private var holders: [TokenMark: UInt64] = [:]

    /// The number of the credential, of several the one that got it last.
    func holder(of mark: TokenMark) -> UInt64? { holders[mark] }

    /// What its settings say.
    mutating func set(_ credential: Credential) {
        change(credential.number) { marks in
            marks.imported = TokenMark(text: credential.attributes[Self.attribute])
            marks.isDeleted = credential.deleted != 0
        }
    }

    /// - Parameter mark: `nil`: it has no refresh token.
    mutating func set(current mark: TokenMark?, of credential: Credential) { change(credential.number) { $0.current = mark } }

    mutating func forget(_ number: UInt64) {
        change(number) { $0 = Marks() }
        marks[number] = nil
    }

    private mutating func change(_ number: UInt64, _ body: (inout Marks) -> Void) {
        var new = marks[number] ?? Marks()
        for mark in new.held where holders[mark] == number { holders[mark] = nil }
        body(&new)
        marks[number] = new
        for mark in new.held { holders[mark] = number }
    }
}
