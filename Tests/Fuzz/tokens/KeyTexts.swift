@testable import CofferAccounts
import FuzzSupport

/// What a client presents as an API key, and what may be brought as one.
enum KeyTexts {
    static func check(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            for form in APIKey.Form.allCases {
                guard (try? ReadableForm.check(bytes, form)) != nil else { continue }
                _ = ReadableForm.hintEnds(bytes, form)
                guard let presented = PresentedKey(bytes) else {
                    return Harness.check(false, "a key may be brought that nobody can present")
                }
                Harness.check(presented.key.elementsEqual(bytes), "a key may be brought that is looked up as another")
            }
            _ = try? ReadableForm.check(beta: bytes)
        }
    }
}
