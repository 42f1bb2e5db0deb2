import CofferWire

extension CofferClient {
    /// Reads a value.
    /// - Parameters:
    ///   - version: 0 for the active version.
    ///   - unless: throws ``ClientError/Code/notModified`` where this is the version that would be read.
    /// - Throws: ``ClientError/Code/notFound``, ``ClientError/Code/denied``, ``ClientError/Code/expired``,
    ///   ``ClientError/Code/deleted``, ``ClientError/Code/versionNotFound``, ``ClientError/Code/locked`` and others.
    public func get(
        _ name: some SecretNaming, version: UInt64 = 0, unless: KnownVersion? = nil, timeout: Duration? = nil
    ) async throws -> Secret {
        let request = GetRequest(name: try name.checkedName(), version: version, unless: unless?.expectation ?? .none)
        return try await engine.answer(to: spec(.get, RequestBody(request), timeout: timeout, repeatable: true)) {
            decoder, hello throws(WireError) in try Secret(from: &decoder, hello: hello)
        }
    }

    /// Reads a value where it is another version than the one that the caller has.
    /// - Returns: `nil` where `known` is still the version that would be read.
    /// - Throws: as ``get(_:version:unless:timeout:)``.
    public func getIfChanged(
        _ name: some SecretNaming, since known: KnownVersion, version: UInt64 = 0, timeout: Duration? = nil
    ) async throws -> Secret? {
        do {
            return try await get(name, version: version, unless: known, timeout: timeout)
        } catch let error as ClientError where error.code == .notModified {
            return nil
        }
    }

    /// Stores a new version of a name.
    /// - Parameter value: 0 to 1,048,576 bytes.
    /// - Throws: ``ClientError/Code/conflict`` where `options.expected` does not hold,
    ///   ``ClientError/Code/invalidArgument`` for too long a value, and others.
    @discardableResult
    public func put(
        _ name: some SecretNaming, value: SecretBytes, options: PutOptions = PutOptions(), timeout: Duration? = nil
    ) async throws -> PutResult {
        guard value.count <= Limits.value else {
            throw ClientError(.invalidArgument, "the value has \(value.count) bytes, more than \(Limits.value)")
        }
        guard options.contentType.utf8.count <= Limits.contentType else {
            throw ClientError(.invalidArgument, "the content type has more than \(Limits.contentType) bytes")
        }
        let request = PutRequest(
            name: try name.checkedName(), value: [], expected: options.expected,
            idempotencyKey: try options.idempotencyKey ?? Self.idempotencyKey(), activate: options.activate,
            expires: options.expires, contentType: options.contentType, settings: options.settings)
        let body = RequestBody(request, endingIn: value, lengthSize: 4)
        return try await change(.put, body, timeout: timeout, repeatable: true)
    }

    /// What there is to know of a name besides its values.
    public func info(_ name: some SecretNaming, timeout: Duration? = nil) async throws -> InfoResponse {
        try await read(.info, InfoRequest(name: try name.checkedName()), timeout: timeout)
    }

    /// Makes a version (1 or more) the one that get reads.
    /// - Parameter expected: the version that must be active now.
    @discardableResult
    public func activate(
        _ name: some SecretNaming, version: UInt64, expected: Expectation = .none, timeout: Duration? = nil
    ) async throws -> ChangeResponse {
        try await changeVersion(.activate, name, version, expected, timeout)
    }

    /// Deletes a version, or the whole name where `version` is 0. Can be undone with
    /// ``undelete(_:version:expected:timeout:)``.
    /// - Parameter expected: the version that must be the latest.
    @discardableResult
    public func delete(
        _ name: some SecretNaming, version: UInt64 = 0, expected: Expectation = .none, timeout: Duration? = nil
    ) async throws -> ChangeResponse {
        try await changeVersion(.delete, name, version, expected, timeout)
    }

    /// Brings a deleted version, or the whole name where `version` is 0, back.
    /// - Parameter expected: the version that must be the latest.
    @discardableResult
    public func undelete(
        _ name: some SecretNaming, version: UInt64 = 0, expected: Expectation = .none, timeout: Duration? = nil
    ) async throws -> ChangeResponse {
        try await changeVersion(.undelete, name, version, expected, timeout)
    }

    /// Destroys the value of a version, or of all versions where `version` is 0, for good.
    /// - Parameter expected: the version that must be the latest.
    @discardableResult
    public func destroy(
        _ name: some SecretNaming, version: UInt64 = 0, expected: Expectation = .none, timeout: Duration? = nil
    ) async throws -> ChangeResponse {
        try await changeVersion(.destroy, name, version, expected, timeout)
    }

    /// Changes what belongs to a name, without a new version. Absent fields keep what is there.
    /// - Parameter expected: the version that must be the latest.
    @discardableResult
    public func update(
        _ name: some SecretNaming, settings: SecretSettings, expected: Expectation = .none, timeout: Duration? = nil
    ) async throws -> ChangeResponse {
        let request = UpdateRequest(
            name: try name.checkedName(), settings: settings, expected: expected,
            idempotencyKey: try Self.idempotencyKey())
        return try await change(.update, RequestBody(request), timeout: timeout, repeatable: true)
    }

    private func changeVersion(
        _ operation: CofferWire.Operation, _ name: some SecretNaming, _ version: UInt64, _ expected: Expectation,
        _ timeout: Duration?
    ) async throws -> ChangeResponse {
        let request = VersionRequest(
            name: try name.checkedName(), version: version, expected: expected,
            idempotencyKey: try Self.idempotencyKey())
        return try await change(operation, RequestBody(request), timeout: timeout, repeatable: true)
    }
}
