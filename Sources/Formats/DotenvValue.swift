/// A value as a line of a `.env` file has it: bare where that is safe, else in quotes that a shell reads alike.
enum DotenvValue {
    private static let bare = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+,=-".utf8)
    private static let escaped = Set("\"\\$`".utf8)

    static func append(_ value: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        if value.allSatisfy(bare.contains) {
            output.append(contentsOf: value)
        } else if !value.contains(.singleQuote) {
            output.append(.singleQuote)
            output.append(contentsOf: value)
            output.append(.singleQuote)
        } else {
            output.append(.doubleQuote)
            for byte in value {
                if escaped.contains(byte) { output.append(.backslash) }
                output.append(byte)
            }
            output.append(.doubleQuote)
        }
    }
}
