import CofferStore
import CofferWire

/// What may be done with secrets: rights, names, and the one way in for changes. Doors call it in the store's vocabulary.
struct SecretService: Sendable {
    let store: Store

    typealias Completion = @Sendable (Result<Receipt, Failure>) -> Void

    /// A new version.
    func put(
        _ caller: Caller, name: [UInt8], idempotencyKey: [UInt8]?, version: (Name) -> NewVersion, completion: @escaping Completion
    ) throws(Failure) {
        let checked = try caller.authorize(.put, name)
        submit(caller, about: name, idempotencyKey, .put(version(checked)), completion)
    }

    func activate(
        _ caller: Caller, name: [UInt8], version: UInt64, expected: ExpectedVersion, idempotencyKey: [UInt8]?, completion: @escaping Completion
    ) throws(Failure) {
        let checked = try caller.authorize(.activate, name)
        guard version != 0 else { throw Failure(.invalidArgument, "activate wants the number of a version") }
        submit(caller, about: name, idempotencyKey, .activate(checked, version: version, expected: expected), completion)
    }

    func delete(
        _ caller: Caller, name: [UInt8], version: UInt64, expected: ExpectedVersion, idempotencyKey: [UInt8]?, completion: @escaping Completion
    ) throws(Failure) {
        let checked = try caller.authorize(.delete, name)
        submit(caller, about: name, idempotencyKey, .delete(checked, version: version, expected: expected), completion)
    }

    func undelete(
        _ caller: Caller, name: [UInt8], version: UInt64, expected: ExpectedVersion, idempotencyKey: [UInt8]?, completion: @escaping Completion
    ) throws(Failure) {
        let checked = try caller.authorize(.delete, name)
        submit(caller, about: name, idempotencyKey, .undelete(checked, version: version, expected: expected), completion)
    }

    func destroy(
        _ caller: Caller, name: [UInt8], version: UInt64, expected: ExpectedVersion, idempotencyKey: [UInt8]?, completion: @escaping Completion
    ) throws(Failure) {
        let checked = try caller.authorize(.destroy, name)
        submit(caller, about: name, idempotencyKey, .destroy(checked, version: version, expected: expected), completion)
    }

    func update(
        _ caller: Caller, name: [UInt8], settings: SettingsChange, expected: ExpectedVersion, idempotencyKey: [UInt8]?,
        completion: @escaping Completion
    ) throws(Failure) {
        let checked = try caller.authorize(.put, name)
        submit(caller, about: name, idempotencyKey, .update(checked, settings, expected: expected), completion)
    }

    /// All or nothing, under one revision. Each version was authorized with ``importable(_:name:number:)``.
    func importAll(
        _ caller: Caller, _ versions: [NewVersion], dryRun: Bool, idempotencyKey: [UInt8]?, completion: @escaping Completion
    ) throws(Failure) {
        guard let tenant = caller.tenant else { throw .denied }
        let batch = Batch(
            tenant: tenant, principal: caller.selector, idempotencyKey: idempotencyKey, dryRun: dryRun,
            mutations: versions.map { .bring($0) })
        store.submit(batch) { completion($0.mapError { Failure($0) }) }
    }

    /// The checked name of an import's entry; a failure says which entry it is, counted from 1.
    func importable(_ caller: Caller, name: [UInt8], number: Int) throws(Failure) -> Name {
        do throws(Failure) {
            return try caller.authorize(.put, name)
        } catch {
            throw Failure(error.code, "entry \(number), \(Name.printable(name)): \(error.message)")
        }
    }

    func info(_ caller: Caller, name: [UInt8], reader: StoreReader, now: UInt64) throws(Failure) -> SecretInfo? {
        let checked = try caller.authorize(.info, name)
        guard let tenant = caller.tenant else { throw .denied }
        do throws(StoreError) {
            return try reader.info(tenant: tenant, name: checked, now: now)
        } catch {
            throw Failure(error)
        }
    }

    private func submit(
        _ caller: Caller, about name: [UInt8], _ idempotencyKey: [UInt8]?, _ mutation: Mutation, _ completion: @escaping Completion
    ) {
        guard let tenant = caller.tenant else { return completion(.failure(.denied)) }
        let batch = Batch(tenant: tenant, principal: caller.selector, idempotencyKey: idempotencyKey, mutations: [mutation])
        store.submit(batch) { result in completion(result.mapError { caller.failure($0, about: name) }) }
    }
}
