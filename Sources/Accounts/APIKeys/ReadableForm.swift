import CSodium
import CofferStore

/// How keys look: random ones are made here, brought ones checked.
enum ReadableForm {
    private static let lettersAndDigits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    private static let base64url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func prefix(_ form: APIKey.Form) -> [UInt8] {
        switch form {
        // Written by clients only: what is kept and hashed has none.
        case .sk: []
        case .ragflow: Array("ragflow-".utf8)
        case .coffer: Array("ck_".utf8)
        }
    }

    /// sk: 48 letters and digits; ragflow: 24, coffer: 32 random bytes as base64url behind their prefix.
    static func random(_ form: APIKey.Form) -> SecretBuffer {
        switch form {
        case .sk: random(prefix: [], characters: 48, of: lettersAndDigits)
        case .ragflow: random(prefix: prefix(form), characters: 32, of: base64url)
        // 256 bits are 43 characters; 43 random ones are as many and two more.
        case .coffer: random(prefix: prefix(form), characters: 43, of: base64url)
        }
    }

    /// 32 characters, independent of the key.
    static func randomBeta() -> SecretBuffer { random(prefix: [], characters: APIKeyLimits.beta, of: base64url) }

    private static func random(prefix: [UInt8], characters: Int, of alphabet: [UInt8]) -> SecretBuffer {
        SecretBuffer(count: prefix.count + characters) { output in
            UnsafeMutableRawBufferPointer(rebasing: output[..<prefix.count]).copyBytes(from: prefix)
            // Without bias: libsodium draws again where the alphabet does not divide.
            for index in prefix.count..<output.count { output[index] = alphabet[Int(randombytes_uniform(UInt32(alphabet.count)))] }
        }
    }

    /// - Throws: `invalidArgument` for a key that would never be found under this form, or whose hint would show too much of it.
    /// Keys of other systems may be shorter than ours; their hint then shows nothing of them.
    static func check(_ bytes: UnsafeRawBufferPointer, _ form: APIKey.Form, isOfImport: Bool = false) throws(AccountError) {
        let prefix = prefix(form)
        guard bytes.starts(with: prefix) else {
            throw AccountError(.invalidArgument, "readable", "a key of form \(form.word) begins with '\(String(decoding: prefix, as: UTF8.self))'")
        }
        let shortest = isOfImport ? 1 : APIKeyLimits.readable.lowerBound
        let longest = isOfImport && form == .sk ? APIKeyLimits.importedKey : APIKeyLimits.readable.upperBound
        guard bytes.count <= longest, bytes.count - prefix.count >= shortest else {
            throw AccountError(.invalidArgument, "readable", "a key of form \(form.word) has \(shortest) to \(longest) characters")
        }
        let allowed: (UInt8) -> Bool = { $0 > 0x20 && $0 < 0x7F && (form != .sk || $0 != UInt8(ascii: "-")) }
        guard bytes.allSatisfy(allowed) else {
            throw AccountError(
                .invalidArgument, "readable", form == .sk ? "a key of form sk is printable ASCII without '-'" : "a key is printable ASCII")
        }
        guard form != .sk || !(bytes.starts(with: Array("ck_".utf8))) else {
            throw AccountError(.invalidArgument, "readable", "a key of form sk cannot begin with 'ck_'")
        }
    }

    static func check(beta: UnsafeRawBufferPointer) throws(AccountError) {
        guard beta.count == APIKeyLimits.beta, beta.allSatisfy({ base64url.contains($0) }) else {
            throw AccountError(.invalidArgument, "beta", "a beta has \(APIKeyLimits.beta) characters of base64url")
        }
    }

    /// The first and last four characters behind the prefix; 0 where they would be half of it or more.
    static func hintEnds(_ bytes: UnsafeRawBufferPointer, _ form: APIKey.Form) -> UInt64 {
        let body = bytes.dropFirst(prefix(form).count)
        guard body.count >= APIKeyLimits.readable.lowerBound else { return 0 }
        return (Array(body.prefix(4)) + Array(body.suffix(4))).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
