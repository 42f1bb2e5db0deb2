/// What the files of a system that kept tokens come to.
public struct CredentialImport: Sendable {
    /// Credentials, then what refers to them: pools, schedules.
    public var rows: [LegacyRow] = []
    public var leftOut: [LegacyImport.LeftOut] = []
    /// What people should know.
    public var remarks: [String] = []
    /// A line for each key of the system's own configuration.
    public var settings: [Setting] = []
    /// Lines for the daemon's configuration, below `http:`; empty: none.
    public var configuration: [String] = []

    /// A key of the older system's configuration, and what becomes of it (decisions 23).
    public struct Setting: Sendable {
        public enum Fate: Equatable, Sendable {
            /// A field of the door takes the value.
            case taken(field: String)
            /// It comes as one of the rows, or stands in the lines for the daemon's configuration.
            case placed
            case notNeeded
            case refused
        }

        /// As the file has it, with dots between.
        public var key: String
        public var fate: Fate
        /// Why, or where it goes. Never the value of a secret.
        public var reason: String
        /// For a field of the door; the caller wipes it.
        public var value: [UInt8]

        init(_ key: String, _ fate: Fate, _ reason: String, value: [UInt8] = []) {
            self.key = key
            self.fate = fate
            self.reason = reason
            self.value = value
        }
    }

    mutating func add(_ other: LegacyImport) {
        rows += other.rows
        leftOut += other.leftOut
        remarks += other.remarks
    }
}

/// A system whose tokens import takes over, and the own format for them.
public enum CredentialSystem: String, Sendable, CaseIterable {
    case tokenstool
    case rtmanage
    case tokenstatuscheck

    /// A file that was read, by its name within the folder; `/` between folders.
    public struct File: Sendable {
        public var name: String
        public var bytes: [UInt8]

        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// Names of the files of the system's data folder; none where it has no folder.
    public var files: [String] {
        switch self {
        case .tokenstool: TokensToolImport.files
        case .rtmanage: []
        case .tokenstatuscheck: TokenStatusCheckImport.files
        }
    }

    /// Of TokenStatusCheck: its providers by their short names, and the environment variable that has the upstream of each.
    public static let checkedProviders: [(name: String, variable: String)] = TokenStatusCheckImport.providers.map {
        ($0.name, "TokenStatuCheckUrls__\($0.variable)TokenCheckUrl")
    }

    /// Reads the files of a folder. Those that are absent are absent.
    /// - Parameters:
    ///   - urls: of TokenStatusCheck, the upstream of each provider by its short name.
    ///   - allowsSamples: whether values that documents give as an example are taken.
    /// - Throws: where a file is broken as a whole, or none of them is there.
    public func read(
        folder files: [File], urls: [String: String] = [:], allowsSamples: Bool = false
    ) throws(FormatError) -> CredentialImport {
        guard !files.isEmpty else { throw FormatError("the folder has none of the files \(self.files.joined(separator: ", "))") }
        return switch self {
        case .tokenstool: try TokensToolImport.read(files, allowsSamples: allowsSamples)
        case .tokenstatuscheck: TokenStatusCheckImport.read(files, urls: urls)
        case .rtmanage: throw FormatError("RT-manage has no folder: name its config.yml, its database or CSV files")
        }
    }
}

extension FormatError {
    /// The same with the file in front.
    func within(_ file: String) -> FormatError {
        FormatError(line: 0, "\(FormatError.short(file)): \(description)")
    }
}
