import CofferCredentials
import CofferStore
import CofferUpstream
import CofferWire

/// `provider`: how the tokens of one kind of upstream are kept alive. Providers belong to no tenant; rules about them name `main`.
struct ProviderRecords: RecordKind {
    let credentials: Credentials
    let noun = "provider"

    private var service: ProviderService { credentials.providers }

    /// Applies a file; one of the same name gives way.
    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        (try await apply(caller, named: nil, fields, secret), nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        try ready()
        var filter = query.filter
        let isBuiltIn = try filter.bool("built_in")
        try filter.finish(.provider)
        let visible = service.list().filter { provider in
            (isBuiltIn == nil || provider.isBuiltIn == isBuiltIn) && caller.allows(.provider, .list, of: .main, Array(provider.name.utf8))
        }
        return try RecordRules.page(
            visible.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }, query, key: \.name) { record($0, whole: false) }
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { record(try find(caller, .info, id), whole: true) }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        _ = try find(caller, .put, id)
        guard expected == nil else { throw Failure(.invalidArgument, "a provider has no revision to expect") }
        return try await apply(caller, named: id, fields, secret)
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        for id in ids { _ = try find(caller, .delete, id) }
        for id in ids {
            try await credentialCall { () async throws(CredentialError) in try await service.delete(id, by: caller.selector) }
        }
        return ids.count
    }

    // MARK: Parts

    func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> Provider {
        try ready()
        try caller.require(.provider, action, of: .main, Array(id.utf8))
        guard let provider = service.find(id) else {
            try caller.require(.provider, .info, of: .main, Array(id.utf8))
            throw Failure(.notFound, "there is no provider of this name")
        }
        return provider
    }

    private func ready() throws(Failure) {
        do throws(CredentialError) { try credentials.requireReady() } catch { throw Failure(error) }
    }

    private func apply(_ caller: Caller, named name: String?, _ fields: RecordFields, _ secret: SecretBuffer?) async throws(Failure) -> Record {
        try ready()
        guard caller.rights.allowsAny(.provider, .put) else { throw .denied }
        var fields = fields
        let dryRun = try fields.bool("dry_run") ?? false
        var given = fields.text("source")
        try fields.finish(.provider)
        if let secret {
            guard given == nil else { throw Failure(.invalidArgument, "the source is given twice: as a field and as the secret") }
            given = String(validating: secret.bytes, as: UTF8.self)
            withExtendedLifetime(secret) {}
        }
        guard let source = given, !source.isEmpty else {
            throw Failure(.invalidArgument, "'source' is missing, or is not valid UTF-8: it is the provider's file")
        }
        do {
            let provider = try Provider.read(source)
            guard name == nil || name == provider.name else {
                throw Failure(.invalidArgument, "the file describes the provider '\(provider.name)', not '\(Name.printable((name ?? "").utf8))'")
            }
            try caller.require(.provider, .put, of: .main, Array(provider.name.utf8))
            _ = try await service.apply(source, dryRun: dryRun, by: caller.selector)
            return record(dryRun ? provider : service.find(provider.name) ?? provider, whole: true)
        } catch let failure as Failure {
            throw failure
        } catch let errors as ProviderErrors {
            // With the lines of everything that is wrong.
            throw Failure(.invalidArgument, String(decoding: errors.description.utf8.prefix(Limits.message - 4), as: UTF8.self))
        } catch let error as CredentialError {
            throw Failure(error)
        } catch {
            throw Failure(.failed, "the provider could not be applied")
        }
    }

    private func record(_ provider: Provider, whole: Bool) -> Record {
        var builder = RecordBuilder()
        builder.text("name", provider.name)
        builder.text("title", provider.title)
        builder.bool("built_in", provider.isBuiltIn)
        builder.lines("steps", provider.steps.map { step in
            [step.name, step.purpose.rawValue, "\(step.cost)", step.needs.sorted().joined(separator: ","), step.gives.sorted().joined(separator: ",")]
                .joined(separator: " ")
        })
        builder.lines("parameters", provider.parameters.map { parameter in
            let marks = [
                parameter.isRequired ? "required" : nil, parameter.isSecret ? "secret" : nil, parameter.isPerCall ? "per-call" : nil,
            ]
            return ([parameter.name, parameter.kind.rawValue] + marks.compactMap { $0 }).joined(separator: " ")
        })
        builder.lines("bases", provider.bases.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
        builder.number("concurrency", provider.concurrency)
        builder.number("gap", provider.gap)
        builder.number("lead", provider.lead)
        builder.number("credentials", credentials.credentials.list { $0.provider == provider.name }.count)
        if whole { builder.text("source", provider.source) }
        return builder.record(noun, id: provider.name, revision: 0)
    }
}
