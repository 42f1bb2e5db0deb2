import Foundation

/// Base64 with padding, for values that are no text.
enum Base64Text {
    static func encoded(_ bytes: UnsafeRawBufferPointer) -> String { Data(bytes).base64EncodedString() }

    /// - Returns: `nil` for anything but base64.
    static func decoded(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }
}
