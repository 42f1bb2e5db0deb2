import Dispatch
import Glibc

@testable import CofferHTTP

/// An RSA pair that openssl makes once for all tests, and passwords sealed with it as RAGFlow's clients do.
actor LoginKeyPair {
    static let shared = LoginKeyPair()
    private var made: Task<(private: String, public: String), any Error>?
    private var sealed: [String: String] = [:]

    func privatePEM() async throws -> String { try await pair().private }

    func loginKey() async throws -> RAGFlowLoginKey { try RAGFlowLoginKey(pem: try await privatePEM()) }

    /// base64(RSA(base64(password))).
    func seal(_ password: String) async throws -> String {
        if let known = sealed[password] { return known }
        let text = try await encrypt(String(decoding: Self.base64(Array(password.utf8)), as: UTF8.self))
        sealed[password] = text
        return text
    }

    /// base64(RSA(text)).
    func encrypt(_ text: String) async throws -> String {
        let key = try await pair().public
        return try await Shell.run("""
            cd "$(mktemp -d)" && trap 'rm -r "$PWD"' EXIT && cat > pub.pem <<'END'
            \(key)
            END
            printf %s '\(text)' | openssl pkeyutl -encrypt -pubin -inkey pub.pem -pkeyopt rsa_padding_mode:pkcs1 | base64 -w0
            """)
    }

    private func pair() async throws -> (private: String, public: String) {
        if let made { return try await made.value }
        let task = Task { () throws -> (private: String, public: String) in
            let both = try await Shell.run("openssl genrsa 2048 2>/dev/null")
            let pem = try await Shell.run("cat <<'END' | openssl rsa -pubout 2>/dev/null\n\(both)\nEND")
            return (both, pem)
        }
        made = task
        return try await task.value
    }

    static func base64(_ bytes: [UInt8]) -> [UInt8] {
        var text = RAGFlowBase64.urlText(bytes).map { byte in
            byte == UInt8(ascii: "-") ? UInt8(ascii: "+") : byte == UInt8(ascii: "_") ? UInt8(ascii: "/") : byte
        }
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return text
    }
}

enum Shell {
    private static let queue = DispatchQueue(label: "ragflow shell")

    struct Failed: Error { let output: String }

    /// What the command prints, without the newline at the end. Blocks a thread of its own.
    static func run(_ command: String) async throws -> String {
        let (status, output) = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: runAndWait(command)) }
        }
        guard status == 0 else { throw Failed(output: output) }
        return output
    }

    private static func runAndWait(_ command: String) -> (Int32, String) {
        guard let pipe = popen(command, "r") else { return (-1, "") }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = fread(&chunk, 1, chunk.count, pipe)
            if count == 0 { break }
            output += chunk[..<count]
        }
        while output.last == UInt8(ascii: "\n") { output.removeLast() }
        return (pclose(pipe), String(decoding: output, as: UTF8.self))
    }
}
