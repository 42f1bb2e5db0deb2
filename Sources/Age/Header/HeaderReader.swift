/// Reads an age header, in whatever pieces it comes, and keeps to the grammar of age-encryption.org/v1 to the byte: a version line,
/// one stanza or more, a line with the MAC.
struct HeaderReader {
    /// Most bytes that a header may have: some 2,500 recipients.
    static let limit = 262_144
    /// Of full lines in a stanza's body.
    static let columns = 64

    private enum State { case version, stanza, body, complete }

    private static let versionLine = Array("age-encryption.org/v1".utf8)
    private static let versionStart = Array("age-encryption.org/".utf8)
    private static let stanzaStart = Array("-> ".utf8)
    private static let macStart = Array("---".utf8)

    /// Everything so far.
    private var bytes: [UInt8] = []
    private var lineStart = 0
    private var lineNumber = 1
    private var state = State.version
    private var arguments: [[UInt8]] = []
    private var body: [UInt8] = []

    private(set) var stanzas: [Stanza] = []
    /// What the MAC authenticates: all up to its mark.
    private(set) var authenticated: [UInt8] = []
    /// 32 bytes, once complete.
    private(set) var mac: [UInt8] = []

    var isComplete: Bool { state == .complete }
    var isEmpty: Bool { bytes.isEmpty }

    /// - Returns: how many bytes of `input` belong to the header; where they are not all, the payload follows.
    /// - Throws: `not-an-age-file`, `unknown-format`, `bad-header`.
    mutating func take(_ input: UnsafeRawBufferPointer) throws(AgeError) -> Int {
        var used = 0
        while state != .complete, used < input.count {
            let rest = input.dropping(used)
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let part = rest.prefixed(end.map { $0 + 1 } ?? rest.count)
            guard bytes.count + part.count <= Self.limit else {
                // What has no line end may be anything.
                if state == .version { throw Self.foreign }
                throw AgeError(.badHeader, "the header has more than \(Self.limit) bytes")
            }
            bytes += part
            used += part.count
            guard end != nil else {
                try checkVersionStart()
                break
            }
            try line(bytes[lineStart..<(bytes.count - 1)])
            lineStart = bytes.count
            lineNumber += 1
        }
        return used
    }

    private mutating func line(_ line: ArraySlice<UInt8>) throws(AgeError) {
        switch state {
        case .version:
            try version(line)
            state = .stanza
        case .stanza:
            if line.starts(with: Self.macStart) { return try end(line) }
            guard line.starts(with: Self.stanzaStart) else { throw malformed("neither a stanza nor the MAC begins here") }
            try begin(line.dropFirst(Self.stanzaStart.count))
            state = .body
        case .body:
            guard line.count <= Self.columns else { throw malformed("it has more than \(Self.columns) columns") }
            guard let part = Base64.bytes(line) else { throw malformed("it is not canonical base 64 without padding") }
            body += part
            guard line.count < Self.columns else { return }
            stanzas.append(try Stanza(arguments: arguments, body: body))
            state = .stanza
        case .complete:
            break
        }
    }

    private func version(_ line: ArraySlice<UInt8>) throws(AgeError) {
        if line.elementsEqual(Self.versionLine) { return }
        guard line.starts(with: Self.versionStart) else { throw Self.foreign }
        let name = line.dropFirst(Self.versionStart.count)
        guard !name.isEmpty, name.count <= 32, name.allSatisfy(\.isVisible) else {
            throw AgeError(.unknownFormat, "the file's version line is not one of age v1")
        }
        throw AgeError(.unknownFormat, "the file is of age's format '\(String(decoding: name, as: UTF8.self))'; only v1 is known here")
    }

    /// What cannot become a version line any more is refused before a line end comes, which may be far away or nowhere.
    private func checkVersionStart() throws(AgeError) {
        guard state == .version else { return }
        guard zip(bytes, Self.versionStart).allSatisfy({ $0 == $1 }) else { throw Self.foreign }
    }

    private mutating func begin(_ line: ArraySlice<UInt8>) throws(AgeError) {
        arguments = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { Array($0) }
        body = []
        guard arguments.allSatisfy({ !$0.isEmpty }) else { throw malformed("an argument is empty") }
        guard arguments.joined().allSatisfy(\.isVisible) else { throw malformed("an argument has a character that none may have") }
    }

    private mutating func end(_ line: ArraySlice<UInt8>) throws(AgeError) {
        guard !stanzas.isEmpty else { throw malformed("there is no stanza before the MAC") }
        let text = line.dropFirst(Self.macStart.count)
        guard text.first == UInt8(ascii: " "), let mac = Base64.bytes(text.dropFirst()), mac.count == KeyDerivation.size else {
            throw malformed("it is not a blank and the base 64 of \(KeyDerivation.size) bytes behind '---'")
        }
        let isScrypt = stanzas.contains { if case .scrypt = $0 { true } else { false } }
        guard !isScrypt || stanzas.count == 1 else {
            throw AgeError(.badHeader, "the header has a passphrase's stanza beside another, which the format does not allow")
        }
        self.mac = mac
        authenticated = Array(bytes[..<(line.startIndex + Self.macStart.count)])
        bytes = []
        state = .complete
    }

    private func malformed(_ reason: String) -> AgeError {
        AgeError(.badHeader, "the header is malformed in line \(lineNumber): \(reason)")
    }

    private static let foreign = AgeError(.notAnAgeFile, "this is not an age file: it does not begin with 'age-encryption.org/'")
}

extension UInt8 {
    /// VCHAR of RFC 5234.
    var isVisible: Bool { (0x21...0x7E).contains(self) }
}
