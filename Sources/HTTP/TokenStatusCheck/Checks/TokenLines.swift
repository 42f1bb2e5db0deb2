import CofferStore

/// The lines of a token file: without blanks around them, empty lines and a byte order mark (compat/tokenstatuscheck.md 3, rows 7 and 30).
enum TokenLines {
    /// One token each.
    static func tokens(_ bytes: SecretBuffer) -> [SecretBuffer] {
        lines(bytes).map { trimmed($0, isBlank) }.filter { !$0.isEmpty }
            .map { SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: $0)) }
    }

    /// One account each; `nil`: the line is none. Only line ends are taken away: a password may have blanks.
    static func accounts(_ bytes: SecretBuffer) -> [OfficialAccount?] {
        lines(bytes).map { trimmed($0) { $0 == 0x0D } }.filter { !trimmed($0, isBlank).isEmpty }.map { OfficialAccount($0) }
    }

    private static func lines(_ bytes: SecretBuffer) -> [Slice<UnsafeRawBufferPointer>] {
        let all = bytes.bytes
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let body = all.starts(with: mark) ? all.dropFirst(mark.count) : all[...]
        return body.split(separator: 0x0A, omittingEmptySubsequences: true)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    private static func trimmed(
        _ line: Slice<UnsafeRawBufferPointer>, _ isOut: (UInt8) -> Bool
    ) -> Slice<UnsafeRawBufferPointer> {
        var line = line
        while let first = line.first, isOut(first) { line = line.dropFirst() }
        while let last = line.last, isOut(last) { line = line.dropLast() }
        return line
    }
}

/// `13912341234-password`: up to the first dash it is the name, the password may have further ones.
struct OfficialAccount: Sendable {
    /// A mobile number, or an e-mail address.
    let name: SecretBuffer
    let password: SecretBuffer

    init?(_ line: Slice<UnsafeRawBufferPointer>) {
        guard let dash = line.firstIndex(of: UInt8(ascii: "-")), dash > line.startIndex, dash + 1 < line.endIndex else { return nil }
        name = SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: line[..<dash]))
        password = SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: line[(dash + 1)...]))
    }

    var isByEmail: Bool { withExtendedLifetime(name) { name.bytes.contains(UInt8(ascii: "@")) } }
}
