// For programs that embed the store and want no readers, batches and workers of their own:
//
//     let store = try Store.open(at: "/var/lib/app/secrets")
//     try store.unlock(.keyFile(key))
//     try store.put("database/password", value: Array("s3cret".utf8))
//     let password = try store.get("database/password")
//     password.bytes.withMemoryRebound(to: UInt8.self) { … }
//     store.close()
//
// All of these may be called from any thread and block: `put` and `delete` for a commit, `get` and `list` at most for the disk.
extension Store {
    /// Makes a new version of `name` and activates it. Returns when it is durable.
    /// - Parameter name: a path like `database/password`, by the rules of ``Name``.
    /// - Returns: the number of the new version.
    /// - Throws: `invalid-name`, `invalid-argument` (too large), `locked`, `store-full`, …
    @discardableResult
    public func put(_ name: String, value: [UInt8], tenant: TenantID = .main) throws(StoreError) -> UInt64 {
        try put(name, value: SecretBuffer(value), tenant: tenant)
    }

    /// The same for a value that never lay in an array: arrays are not wiped.
    @discardableResult
    public func put(_ name: String, value: SecretBuffer, tenant: TenantID = .main) throws(StoreError) -> UInt64 {
        let mutation = Mutation.put(NewVersion(name: try Name(checking: name), value: value))
        return try commit(Batch(tenant: tenant, principal: Self.embedded, mutations: [mutation])).results[0].version
    }

    /// The value of the active version, in memory that is wiped when it is released.
    /// - Throws: `invalid-name`, `not-found`, `version-not-found` (no version is active), `deleted`, `expired`, `locked`, `damaged`, …
    public func get(_ name: String, tenant: TenantID = .main) throws(StoreError) -> SecretBuffer {
        let name = try Name(checking: name)
        if let value = try simple.read(self, tenant: tenant, name: name) { return value }
        // Only the worker can tell "there is none" from "its record was taken away".
        try withWorker { (worker) throws(StoreError) in try worker.confirmMissing(tenant: tenant, name: name) }
        throw StoreError(.notFound, "there is no '\(name.description)'")
    }

    /// All names that begin with `prefix`, in the order of their bytes; deleted ones are left out.
    public func list(prefix: String = "", tenant: TenantID = .main) throws(StoreError) -> [Name] {
        let prefix = Array(prefix.utf8)
        var result: [Name] = []
        while true {
            // A page at a time: other jobs of the worker come in between.
            let after = result.last?.bytes
            let page = try withWorker { (worker) throws(StoreError) in
                try worker.names(tenant: tenant, prefix: prefix, after: after, limit: 1_000, includeDeleted: false)
            }
            result += page.entries.map(\.name)
            if !page.more { return result }
        }
    }

    /// Deletes the whole name. Softly: ``Mutation/undelete(_:version:expected:)`` brings it back, ``Mutation/destroy(_:version:expected:)``
    /// makes an end of it. Deleting what is deleted changes nothing.
    /// - Throws: `invalid-name`, `not-found`, `locked`, …
    public func delete(_ name: String, tenant: TenantID = .main) throws(StoreError) {
        let mutation = Mutation.delete(try Name(checking: name), version: 0, expected: .any)
        _ = try commit(Batch(tenant: tenant, principal: Self.embedded, mutations: [mutation]))
    }

    /// Who wrote a version through these, in its `createdBy`.
    private static let embedded = "embedded"
}

extension Name {
    fileprivate init(checking text: String) throws(StoreError) {
        do throws(NameError) { self = try Name(Array(text.utf8)) } catch { throw StoreError(.invalidName, error.rawValue) }
    }
}

/// The reader behind ``Store/get(_:tenant:)``, and the lock that makes it everybody's.
final class SimpleAccess: @unchecked Sendable {
    private let monitor = Monitor()
    private var reader: StoreReader?

    /// - Returns: `nil` where neither index nor map has the name.
    func read(_ store: Store, tenant: TenantID, name: Name) throws(StoreError) -> SecretBuffer? {
        try monitor.locked { () throws(StoreError) in
            let reader = if let reader { reader } else { try store.makeReader() }
            self.reader = reader
            try reader.begin()
            defer { reader.end() }
            return try Self.read(reader, tenant: tenant, name: name, now: store.options.clock())
        }
    }

    private static func read(_ reader: StoreReader, tenant: TenantID, name: Name, now: UInt64) throws(StoreError) -> SecretBuffer? {
        var size = 512
        while true {
            var outcome = ReadOutcome.missing
            let buffer = SecretBuffer(count: size) { output in
                outcome = name.bytes.withUnsafeBytes { reader.readActive(tenant: tenant, name: $0, now: now, into: output) }
            }
            switch outcome {
            case .value(let value):
                // Without the trailer.
                return SecretBuffer(count: value.valueLength) { output in
                    output.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<value.valueLength]))
                }
            case .tooSmall(let needed): size = needed
            case .missing: return nil
            case .deleted: throw StoreError(.deleted, "'\(name.description)' is deleted")
            case .expired: throw StoreError(.expired, "'\(name.description)' has expired")
            case .versionNotFound: throw StoreError(.versionNotFound, "'\(name.description)' has no active version")
            case .failure(let error): throw error
            }
        }
    }

    /// Lets go of the keys after a lock.
    func applyPending() { monitor.locked { reader?.applyPending() } }

    /// The store closes: the reader holds it.
    func drop() { monitor.locked { reader = nil } }
}
