import Testing

@testable import CofferStore

/// What a read came to, in a form that tests compare.
enum Read: Equatable, CustomStringConvertible {
    case value([UInt8], version: UInt64)
    case missing, deleted, expired, versionNotFound
    case failure(StoreError.Code)

    var description: String {
        switch self {
        case .value(let bytes, let version): "value(\(String(decoding: bytes.prefix(40), as: UTF8.self)), \(version))"
        case .missing: "missing"
        case .deleted: "deleted"
        case .expired: "expired"
        case .versionNotFound: "versionNotFound"
        case .failure(let code): "failure(\(code))"
        }
    }

    static func text(_ text: String, _ version: UInt64) -> Read { .value(Array(text.utf8), version: version) }
}

extension StoreReader {
    /// One read without begin and end.
    func look(_ name: Name, version: UInt64 = 0, tenant: TenantID = .main, now: UInt64) -> Read {
        var output = [UInt8](repeating: 0xEE, count: 4_096)
        while true {
            let outcome = output.withUnsafeMutableBytes { output in
                name.bytes.withUnsafeBytes { read(tenant: tenant, name: $0, version: version, now: now, into: output) }
            }
            switch outcome {
            case .value(let value): return .value(Array(output[..<value.valueLength]), version: value.version)
            case .tooSmall(let needed): output = [UInt8](repeating: 0xEE, count: needed)
            case .missing: return .missing
            case .deleted: return .deleted
            case .expired: return .expired
            case .versionNotFound: return .versionNotFound
            case .failure(let error): return .failure(error.code)
            }
        }
    }
}

extension GuardedBytes {
    var copy: [UInt8] { withExtendedLifetime(self) { Array(bytes) } }
}

func name(_ text: String) -> Name {
    do { return try Name(Array(text.utf8)) } catch { fatalError("\(text): \(error.rawValue)") }
}

func bytes(_ text: String) -> SecretBuffer { SecretBuffer(Array(text.utf8)) }

func mutation(put text: String, _ value: String, activate: Bool = true, expected: ExpectedVersion = .any) -> Mutation {
    .put(NewVersion(name: name(text), value: bytes(value), activate: activate, expected: expected))
}

extension Store {
    @discardableResult
    func run(_ mutations: Mutation..., tenant: TenantID = .main, principal: String = "uid:0") throws(StoreError) -> Receipt {
        try commit(Batch(tenant: tenant, principal: principal, mutations: mutations))
    }

    @discardableResult
    func set(_ text: String, _ value: String, tenant: TenantID = .main) throws(StoreError) -> UInt64 {
        try run(mutation(put: text, value), tenant: tenant).results[0].version
    }

    /// A read through a reader of its own, straight from the map.
    func look(_ text: String, version: UInt64 = 0, tenant: TenantID = .main) throws(StoreError) -> Read {
        let reader = try makeReader()
        try reader.begin()
        defer { reader.end() }
        return reader.look(name(text), version: version, tenant: tenant, now: options.clock())
    }

    func info(_ text: String, tenant: TenantID = .main) throws(StoreError) -> SecretInfo? {
        let reader = try makeReader()
        try reader.begin()
        defer { reader.end() }
        return try reader.info(tenant: tenant, name: name(text), now: options.clock())
    }

    /// All names, by pages of `page`.
    func names(
        _ prefix: String = "", tenant: TenantID = .main, page: Int = 1_000, includeDeleted: Bool = false
    ) throws(StoreError) -> [String] {
        try withWorker { (worker) throws(StoreError) in
            var result: [String] = []
            var after: [UInt8]?
            while true {
                let found = try worker.names(
                    tenant: tenant, prefix: Array(prefix.utf8), after: after, limit: page, includeDeleted: includeDeleted)
                result += found.entries.map { $0.name.description }
                guard found.more, let last = found.entries.last else { return result }
                after = last.name.bytes
            }
        }
    }
}

/// The code of the error that `body` throws; `nil`: none.
func code<T>(_ body: () throws -> T) -> StoreError.Code? {
    do {
        _ = try body()
        return nil
    } catch let error as StoreError {
        return error.code
    } catch {
        Issue.record("an untyped error: \(error)")
        return nil
    }
}
