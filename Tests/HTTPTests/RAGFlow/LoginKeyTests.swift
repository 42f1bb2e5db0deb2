import CofferStore
import Foundation
import Testing

@testable import CofferHTTP

@Suite struct LoginKeyTests {
    @Test func opensWhatClientsSend() async throws {
        let key = try await LoginKeyPair.shared.loginKey()
        for password in ["123", "密码 with blanks", String(repeating: "x", count: 150)] {
            let sealed = try await LoginKeyPair.shared.seal(password)
            #expect(key.openPassword(sealed).map(RAGFlowDoor.text) == password)
            // As the constants of RAGFlow's test suites are written.
            let broken = sealed.enumerated().map { $0.offset % 120 == 119 ? "\($0.element)\n" : "\($0.element)" }.joined()
            #expect(key.openPassword(broken).map(RAGFlowDoor.text) == password)
        }
    }

    @Test func anythingElseIsTheSameNothing() async throws {
        let key = try await LoginKeyPair.shared.loginKey()
        let sealed = try await LoginKeyPair.shared.seal("123")
        let block = RAGFlowBase64.decode(Array(sealed.utf8)) ?? []
        func text(_ bytes: [UInt8]) -> String { String(decoding: LoginKeyPair.base64(bytes), as: UTF8.self) }
        var padding = block
        padding[200] ^= 1
        let wrong = [
            "", "123", "not base64!", text(Array(block.dropLast())), text(block + [0]), text(padding),
            text([UInt8](repeating: 0, count: 256)), text([UInt8](repeating: 255, count: 256)), String(repeating: "A", count: 100_000),
            // The padding is right, what it holds is no base64, or holds nothing.
            try await LoginKeyPair.shared.encrypt("not base64!"), try await LoginKeyPair.shared.encrypt(""),
        ]
        for (index, text) in wrong.enumerated() { #expect(key.openPassword(text) == nil, "\(index)") }
    }

    @Test func filesWithAndWithoutPassphrase() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coffer-login-key.\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pem = try await LoginKeyPair.shared.privatePEM()
        // The old form, in which RAGFlow publishes its key, and the new one.
        _ = try await Shell.run("""
            cd '\(folder)' && umask 077 && cat > plain.pem <<'END'
            \(pem)
            END
            openssl rsa -in plain.pem -traditional -des3 -passout pass:Welcome -out old.pem 2>/dev/null
            openssl pkcs8 -topk8 -in plain.pem -passout pass:Welcome -out new.pem
            openssl pkcs8 -topk8 -in plain.pem -passout pass:Other -out other.pem
            openssl genrsa -out short.pem 1024 2>/dev/null; : > empty.pem; head -c 20000 /dev/zero > long.pem
            cp plain.pem open.pem; chmod 644 open.pem; chmod 640 plain.pem; mkdir folder.pem
            """)
        let sealed = try await LoginKeyPair.shared.seal("123")
        for name in ["plain", "old", "new"] {
            let key = try RAGFlowSettings.loadLoginKey("\(folder)/\(name).pem")
            #expect(key.openPassword(sealed).map(RAGFlowDoor.text) == "123", "\(name)")
        }
        let refusals: [(String, StoreError.Code)] = [
            ("other", .invalidArgument), ("short", .invalidArgument), ("empty", .invalidArgument), ("long", .invalidArgument),
            ("open", .notOurs), ("folder", .notOurs), ("absent", .notFound),
        ]
        for (name, code) in refusals {
            let error = #expect(throws: StoreError.self) { try RAGFlowSettings.loadLoginKey("\(folder)/\(name).pem") }
            #expect(error?.code == code, "\(name)")
        }
        #expect(throws: Never.self) { try RAGFlowSettings.loadLoginKey("\(folder)/other.pem", passphrase: "Other") }
    }
}
