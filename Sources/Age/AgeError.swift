/// Why an age file, a recipient, an identity or a passphrase was refused. The message names what was wrong, and never holds an
/// identity, a passphrase or anything of the plaintext.
public struct AgeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A code is a value, not an enum, so that later versions can add some.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        // What a caller gave.
        public static let invalidRecipient = Code("invalid-recipient")
        public static let invalidIdentity = Code("invalid-identity")
        public static let invalidPassphrase = Code("invalid-passphrase")
        /// A scrypt work factor above the limit, refused before any work; or one that cannot be written.
        public static let workFactor = Code("work-factor")
        /// None of the identities opens the file, the passphrase is a wrong one, or the file wants the other of the two.
        public static let noMatch = Code("no-match")
        /// A call behind `finish`.
        public static let finished = Code("finished")

        // What lies in the file.
        public static let notAnAgeFile = Code("not-an-age-file")
        /// An age file of another version than v1.
        public static let unknownFormat = Code("unknown-format")
        public static let badArmor = Code("bad-armor")
        /// The header does not keep to the grammar, or a stanza in it to its kind.
        public static let badHeader = Code("bad-header")
        /// The header was changed after it was written: its MAC does not fit the file key.
        public static let badMAC = Code("bad-header-mac")
        /// A chunk that does not authenticate where it stands, or bytes behind the last one.
        public static let damaged = Code("damaged")
        /// The file ends before its header or its last chunk does.
        public static let truncated = Code("truncated")

        /// No memory, no randomness.
        public static let system = Code("system")
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
