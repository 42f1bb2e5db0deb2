import CofferStore

/// Values that documents and sample configurations give for secrets: whoever keeps one has set none (decisions 17).
public enum SampleValues {
    private static let known: Set<[UInt8]> = Set([
        "admin123", "123456", "12345678", "123456789", "password", "passw0rd", "changeme", "change-me", "change_me", "secret", "admin",
        "root", "test", "example", "infini_rag_flow", "your-secret-key", "your_secret_key", "your-password", "your_password",
        "my-api-secret-2025", "your-api-secret-here", "your_api_secret", "your-api-secret", "your-secret-key-change-this-in-production",
    ].map { Array($0.utf8) })

    /// Without regard to ASCII case, and to white space around it.
    public static func contains(_ value: SecretBuffer) -> Bool {
        defer { withExtendedLifetime(value) {} }
        guard value.count <= 64 else { return false }
        let bytes = NameRules.folded(value.bytes)
        let isBlank: (UInt8) -> Bool = { $0 <= 0x20 }
        return known.contains(Array(bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed()))
    }
}
