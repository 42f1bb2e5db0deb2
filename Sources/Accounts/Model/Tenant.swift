import CofferStore

/// Whose API keys and users these are. The name outside, the number inside (formats.md 12).
public struct Tenant: Equatable, Sendable {
    public var number: TenantID
    public var name: DocumentName
    /// Off: readable forms of API keys are neither kept nor shown.
    public var allowsReveal: Bool
    /// Unix milliseconds.
    public var created: UInt64
    /// The store's revision that last wrote it; 0: it lies only in memory (`main` of a store that cannot be written).
    public var revision: UInt64

    public init(number: TenantID, name: DocumentName, allowsReveal: Bool, created: UInt64, revision: UInt64) {
        self.number = number
        self.name = name
        self.allowsReveal = allowsReveal
        self.created = created
        self.revision = revision
    }
}
