/// One name and its value, as a file has it.
public struct ImportedEntry: Equatable, Sendable {
    /// The key of the file; for nested objects the keys joined by `/`.
    public var name: String
    public var value: [UInt8]
    /// Where its key stands, from 1. 0 where the format does not tell.
    public var line: Int

    public init(name: String, value: [UInt8], line: Int) {
        self.name = name
        self.value = value
        self.line = line
    }
}

/// The formats that import reads and export writes.
public enum FileFormat: String, Sendable, CaseIterable {
    case dotenv
    case json
    case yaml

    /// What a file's name says, where it says something.
    public init?(fileName: String) {
        let base = fileName.split(separator: "/").last.map(String.init) ?? ""
        let parts = base.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        switch parts.last {
        case "env", "dotenv": self = .dotenv
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        default:
            // `.env.local`, `.env.production`
            guard parts.count > 1, parts[0].isEmpty, parts[1] == "env" else { return nil }
            self = .dotenv
        }
    }

    /// Reads a whole file.
    public func parse(_ bytes: [UInt8]) throws(FormatError) -> [ImportedEntry] {
        switch self {
        case .dotenv: try DotenvReader.parse(bytes)
        case .json: try JSONReader.parse(bytes)
        case .yaml: try YAMLReader.parse(bytes)
        }
    }
}
