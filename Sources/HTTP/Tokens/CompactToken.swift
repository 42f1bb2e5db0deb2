import CofferJSON
import Foundation

/// What holds for all signed login tokens of the doors before a library opens them (RFC 7515).
enum CompactToken {
    /// Whether the text is three parts in their one spelling and its header names the one algorithm that is used, whatever the library
    /// would make of padding, of loose last bits and of other algorithms.
    static func isPlainHS256(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Base64URL.decoded($0) }
        guard parts.count == 3, text == parts.map({ $0.map(Base64URL.encoded) ?? "" }).joined(separator: ".") else { return false }
        guard let head = parts[0], let header = try? JSONValue.parse(head, allowsTrailing: false) else { return false }
        return header["alg"]?.string == "HS256"
    }
}

/// Base64 with `-` and `_`, without padding (RFC 4648 §5).
enum Base64URL {
    static func encoded(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func decoded(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") }) else { return nil }
        let plain = String(text).replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)).map { Array($0) }
    }
}
