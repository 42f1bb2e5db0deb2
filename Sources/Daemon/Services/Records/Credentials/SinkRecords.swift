import CofferAccounts
import CofferCredentials
import CofferStore
import CofferWire

/// `sink`: a file that is rendered from the store. It is written as the daemon's user, and holds tokens in the clear: administrators make and
/// change sinks.
struct SinkRecords: RecordKind {
    let credentials: Credentials
    let noun = "sink"

    private var service: SinkService { credentials.sinks }
    private var subjects: TenantSubjects { TenantSubjects(credentials: credentials) }

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        guard caller.rights.isAdministrator else { throw .denied }
        var fields = fields
        let tenant = try subjects.tenant(caller)
        guard let name = try subjects.name(&fields, where: { _ in true }) else { throw Failure(.invalidArgument, "the field 'name' is missing") }
        guard let content = try Self.content(&fields, nil) else {
            throw Failure(.invalidArgument, "say 'element' (and 'encoding') of a template, or 'renderer'")
        }
        var draft = SinkDraft(tenant: tenant, name: name, content: content, path: try fields.required("path"))
        if let target = try FilterFields.take(&fields, from: CredentialFilter()) { draft.target = target }
        if let action = try Self.action(&fields, .nothing) { draft.action = action }
        if let value = try fields.bool("enabled") { draft.isEnabled = value }
        draft.attributes = try fields.map("attributes")?.compactMapValues { $0 } ?? [:]
        try fields.finish(.sink)
        try RecordRules.refuse(secret)
        let ready = draft
        return (record(try await credentialCall { () async throws(CredentialError) in try await service.create(ready, by: caller.selector) }), nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        let tenant = try subjects.tenant(caller)
        var filter = query.filter
        let isEnabled = try filter.bool("enabled")
        try filter.finish(.sink)
        let after = try RecordRules.numberOfCursor(query.after)
        guard caller.rights.allowsAny(.sink, .list) else { return RecordPageResult() }
        let all = service.list(tenant: tenant) { sink in
            caller.allows(.sink, .list, of: tenant, sink.name.bytes) && (isEnabled == nil || sink.isEnabled == isEnabled)
        }
        return RecordRules.page(Array(all.drop { $0.number <= after }), total: all.count, query, record: record)
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { record(try find(caller, .info, id)) }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        let present = try find(caller, .put, id)
        guard caller.rights.isAdministrator else { throw .denied }
        var change = SinkChange()
        change.name = try subjects.name(&fields, where: { _ in true })
        change.isEnabled = try fields.bool("enabled")
        change.content = try Self.content(&fields, present.content)
        change.path = fields.text("path")
        change.target = try FilterFields.take(&fields, from: present.target)
        change.action = try Self.action(&fields, present.action)
        change.attributes = try fields.map("attributes") ?? [:]
        try fields.finish(.sink)
        try RecordRules.refuse(secret)
        let ready = change
        return record(try await credentialCall { () async throws(CredentialError) in
            try await service.update(present.number, ready, expected: expected, by: caller.selector)
        })
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var numbers: [UInt64] = []
        for id in ids { numbers.append(try find(caller, .delete, id).number) }
        let all = numbers
        return try await credentialCall { () async throws(CredentialError) in
            try await service.delete(all, by: caller.selector) { caller.allows(.sink, .delete, of: $0.tenant, $0.name.bytes) }
        }
    }

    // MARK: Parts

    func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> Sink {
        try subjects.find(
            caller, .sink, action, id, byName: service.find(tenant:name:), byNumber: service.find, place: { ($0.tenant, $0.name) })
    }

    /// A template's parts, or a renderer by its name.
    /// - Returns: `nil`: nothing of it is given.
    private static func content(_ fields: inout RecordFields, _ present: SinkContent?) throws(Failure) -> SinkContent? {
        var template: SinkTemplate?
        if case .template(let there)? = present { template = there }
        let renderer = fields.text("renderer")
        let (header, element, separator, footer) = (
            fields.text("header"), fields.text("element"), fields.text("separator"), fields.text("footer"))
        let word = fields.text("encoding")
        let isTemplate = header != nil || element != nil || separator != nil || footer != nil || word != nil
        if let renderer, !renderer.isEmpty {
            guard !isTemplate else { throw Failure(.invalidArgument, "a sink has a template or a 'renderer', not both") }
            return .renderer(renderer)
        }
        guard isTemplate else { return nil }
        guard let present = template?.element ?? element else { throw Failure(.invalidArgument, "the field 'element' is missing") }
        var new = template ?? SinkTemplate(encoding: .json, element: present)
        if let word {
            guard let encoding = SinkTemplate.Encoding(rawValue: word) else {
                throw Failure(.invalidArgument, "'encoding' must be one of \(SinkTemplate.Encoding.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            new.encoding = encoding
        }
        if let header { new.header = header }
        if let element { new.element = element }
        if let separator { new.separator = separator }
        if let footer { new.footer = footer }
        return .template(new)
    }

    /// `call POST URL`, `call GET URL`, `signal HUP PATH`, or empty; `timeout` in milliseconds.
    private static func action(_ fields: inout RecordFields, _ present: SinkAction) throws(Failure) -> SinkAction? {
        let timeout = try fields.number("timeout", 1_000...120_000).map { UInt32(clamping: $0) }
        guard let text = fields.text("action") else {
            guard let timeout else { return nil }
            guard case .call(let method, let url, _) = present else { throw Failure(.invalidArgument, "'timeout' is of an action that calls") }
            return .call(method: method, url: url, timeout: timeout)
        }
        if text.isEmpty { return .nothing }
        let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        if words.count == 3 {
            if words[0] == "call", let method = SinkAction.Method(rawValue: words[1]) {
                return .call(method: method, url: words[2], timeout: timeout ?? 10_000)
            }
            if words[0] == "signal", timeout == nil, let signal = SinkAction.Signal(rawValue: words[1]) {
                return .signal(signal, pidFile: words[2])
            }
        }
        throw Failure(.invalidArgument, "'action' must be empty, 'call POST URL', 'call GET URL', or 'signal HUP|USR1|USR2 PATH'")
    }

    func record(_ sink: Sink) -> Record {
        let state = sink.state
        var builder = RecordBuilder()
        builder.text("name", sink.name.description)
        builder.number("number", sink.number)
        builder.bool("enabled", sink.isEnabled)
        builder.text("path", sink.path)
        switch sink.content {
        case .renderer(let name): builder.text("renderer", name)
        case .template(let template):
            builder.text("encoding", template.encoding.rawValue)
            builder.text("header", template.header)
            builder.text("element", template.element)
            builder.text("separator", template.separator)
            builder.text("footer", template.footer)
        }
        FilterFields.show(sink.target, in: &builder)
        switch sink.action {
        case .nothing: builder.text("action", "")
        case .call(let method, let url, let timeout):
            builder.text("action", "call \(method.rawValue) \(url)")
            builder.number("timeout", timeout)
        case .signal(let signal, let path): builder.text("action", "signal \(signal.rawValue) \(path)")
        }
        builder.map("attributes", sink.attributes)
        builder.time("last_run", state.lastRun)
        builder.time("last_write", state.lastWrite)
        builder.time("last_action", state.lastAction)
        builder.bool("action_due", state.isActionDue)
        builder.number("size", state.size)
        builder.text("error", state.error)
        builder.number("failures", state.failures)
        builder.text("kept", state.kept)
        builder.time("kept_time", state.keptTime)
        builder.time("created", sink.created)
        builder.time("updated", sink.updated)
        return builder.record(noun, id: sink.name.description, revision: sink.revision)
    }
}

extension Sink: Numbered {}
