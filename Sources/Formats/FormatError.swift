/// Why a file cannot be read or written. Says where and what, never a value.
public struct FormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// From 1; 0 where no line is to blame.
    public var line: Int
    public var message: String

    public init(line: Int = 0, _ message: String) {
        self.line = line
        self.message = message
    }

    public var description: String { line > 0 ? "line \(line): \(message)" : message }
}
