/// One thing that is wrong with a policy file.
public struct PolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1, in the whole file.
    public var line: Int
    public var message: String

    public init(line: Int, message: String) {
        self.line = line
        self.message = message
    }

    public var description: String { "line \(line): \(message)" }
}

/// All that is wrong with a policy file, in order of lines, so that it is mended in one go.
public struct PolicyErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// More are counted, not listed: a hostile file of 256 KiB could have some 100,000.
    public static let maximumListed = 200

    public private(set) var errors: [PolicyError]
    public private(set) var more = 0

    public init(_ errors: [PolicyError]) {
        let sorted = errors.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
        self.errors = Array(sorted.prefix(Self.maximumListed))
        more = sorted.count - self.errors.count
    }

    public var description: String {
        let listed = errors.map(\.description).joined(separator: "\n")
        return more == 0 ? listed : listed + "\nand \(more) more"
    }
}
