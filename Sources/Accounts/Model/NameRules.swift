import CofferStore

/// Rules of names that the store's own types state, applied to longer and to shorter texts.
public enum NameRules {
    /// What a label breaks, or `nil`: it must be UTF-8 without the forbidden code points (formats.md 12). A `*` is fine: no policy
    /// matches labels.
    static func brokenByLabel(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return "the label is not valid UTF-8" }
        // The list of code points is the store's: a piece at a time is judged as a name.
        var piece: [UInt8] = []
        for scalar in text.unicodeScalars {
            if piece.count + 4 > DocumentName.maximumLength {
                if !isName(piece) { return forbidden }
                piece.removeAll(keepingCapacity: true)
            }
            piece.append(contentsOf: scalar == "*" ? [UInt8(ascii: "x")] : Array(UTF8.encode(scalar) ?? .init()))
        }
        return piece.isEmpty || isName(piece) ? nil : forbidden
    }

    private static let forbidden = "the label has a control, invisible or direction-changing character, or a noncharacter"
    private static func isName(_ bytes: [UInt8]) -> Bool { (try? DocumentName(bytes)) != nil }

    /// An e-mail address, or "" for none: at most 254 bytes of printable ASCII without blanks, with one `@` and something on both sides.
    /// - Throws: `invalidArgument`.
    public static func check(email: String) throws(AccountError) {
        if email.isEmpty { return }
        let bytes = Array(email.utf8)
        guard bytes.count <= 254 else { throw AccountError(.invalidArgument, "email", "the e-mail address is longer than 254 bytes") }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw AccountError(.invalidArgument, "email", "the e-mail address may have only printable ASCII characters and no blank")
        }
        let parts = bytes.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw AccountError(.invalidArgument, "email", "the e-mail address must have one '@' with something on both sides")
        }
    }

    /// 1 to 255 bytes, by the rules of names.
    static func check(group: String) throws(AccountError) {
        do throws(NameError) { _ = try DocumentName(group.utf8) } catch {
            throw AccountError(.invalidArgument, "group", "the group: \(error.rawValue)")
        }
    }

    /// "" or 32 lower-case hexadecimal digits.
    static func check(ragflowID: String) throws(AccountError) {
        let digits = ragflowID.utf8
        let areHexadecimal = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard digits.isEmpty || (digits.count == 32 && areHexadecimal) else {
            throw AccountError(.invalidArgument, "ragflow_id", "the id must have 32 hexadecimal digits in lower case")
        }
    }

    /// ASCII capitals made small, for comparing e-mail addresses and for searching.
    static func folded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }
}
