@testable import CofferHTTP
import CofferStore
import CryptoExtras
import FuzzSupport

/// base64(RSA(base64(password))): the outer text as it comes, and the inner one behind a right encryption.
enum PasswordEnvelopes {
    /// Made anew for each process: nothing below depends on which it is.
    private static let pem = (try? _RSA.Encryption.PrivateKey(keySize: .bits2048))?.pemRepresentation ?? ""
    private static let own = try? RAGFlowLoginKey(pem: pem)
    /// Read again each time: the library does not say that it is safe to share.
    private static var theirs: _RSA.Encryption.PublicKey? { (try? _RSA.Encryption.PrivateKey(pemRepresentation: pem))?.publicKey }
    /// What PKCS#1 v1.5 leaves of 256 bytes.
    private static let longest = 245

    static func check(_ bytes: [UInt8]) {
        guard let own, let theirs else { fatalError("the harness cannot make a key") }
        _ = own.openPassword(String(decoding: bytes, as: UTF8.self))
        guard bytes.count <= longest, let block = try? theirs.encrypt(bytes, padding: ._WEAK_AND_INSECURE_PKCS_V1_5) else { return }
        let opened = own.openPassword(text(Array(block)))
        let expected = RAGFlowBase64.decode(bytes).flatMap { $0.isEmpty ? nil : $0 }
        Harness.check((opened == nil) == (expected == nil), "an envelope opens where its inner text is no base64, or does not where it is")
        guard let opened, let expected else { return }
        Harness.check(withExtendedLifetime(opened) { opened.bytes.elementsEqual(expected) }, "an envelope holds another password")
    }

    /// The alphabet of `RAGFlowBase64.decode(_:)`.
    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: RAGFlowBase64.urlText(bytes), as: UTF8.self).replacing("-", with: "+").replacing("_", with: "/")
    }
}
