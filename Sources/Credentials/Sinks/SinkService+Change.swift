import CofferAccounts
import CofferStore

extension SinkService {
    /// Makes a sink. Its file is written soon; that it cannot be is told at once where it shows already: the folder is looked at.
    /// - Throws: `alreadyExists` for a name that the tenant has or a path that another sink writes; `invalidArgument` with `name`, `path`,
    ///   `target`, `template`, `renderer`, `url`, `timeout`, `pid_file` or `attributes`.
    public func create(_ draft: SinkDraft, by principal: String) async throws(CredentialError) -> Sink {
        let context = context
        let number = try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let number = try context.directory.next(.sink)
            let now = context.now
            let sink = Sink(
                number: number, tenant: draft.tenant, name: draft.name, isEnabled: draft.isEnabled, content: draft.content, path: draft.path,
                target: draft.target, action: draft.action, attributes: draft.attributes, created: now, updated: now)
            try self.check(sink)
            guard self.find(tenant: draft.tenant, name: draft.name.bytes) == nil else { throw Self.isTaken }
            try context.commit(
                [
                    .putDocument(.sinks, try RecordDocument.settingsName(number), sink.encoded, expected: .exactly(0)),
                    .putDocument(.sinks, try RecordDocument.stateName(number), sink.state.encoded, expected: .any),
                    try CredentialSequence.sink.mutation(last: number),
                ], by: principal)
            return number
        }
        return try existing(number)
    }

    /// Changes a sink. A file at an old path stays where it is.
    /// - Parameters:
    ///   - expected: the revision that must have changed its settings last; `nil`: any.
    ///   - isAllowed: judged on the change queue, to the sink as it is then.
    /// - Throws: `notFound`, `conflict`, `denied`, and as ``create(_:by:)``.
    public func update(
        _ number: UInt64, _ change: SinkChange, expected: UInt64? = nil, by principal: String,
        where isAllowed: @escaping Permission<Sink> = { _ in true }
    ) async throws(CredentialError) -> Sink {
        let context = context
        try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let present = try self.existing(number)
            guard isAllowed(present) else { throw .notAllowed }
            if let expected, expected != present.revision {
                throw CredentialError(.conflict, "", "the sink is not what revision \(expected) wrote")
            }
            var new = present
            new.apply(change)
            guard new != present else { return }
            try self.check(new)
            if new.name != present.name, self.find(tenant: new.tenant, name: new.name.bytes) != nil { throw Self.isTaken }
            new.updated = context.now
            var mutations: [Mutation] = [
                .putDocument(.sinks, try RecordDocument.settingsName(number), new.encoded, expected: .exactly(present.revision))
            ]
            if new.path != present.path {
                // What lies at the new place was not written by it.
                mutations.append(.putDocument(.sinks, try RecordDocument.stateName(number), SinkState().encoded, expected: .any))
            }
            try context.commit(mutations, by: principal)
        }
        return try existing(number)
    }

    /// Deletes sinks in one change; those that are not there are skipped. Their files stay where they are.
    /// - Returns: how many were there.
    public func delete(
        _ numbers: [UInt64], by principal: String, where isAllowed: @escaping Permission<Sink> = { _ in true }
    ) async throws(CredentialError) -> Int {
        let context = context
        return try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            var mutations: [Mutation] = []
            var count = 0
            for number in Set(numbers).sorted() {
                guard let sink = self.find(number) else { continue }
                guard isAllowed(sink) else { throw .notAllowed }
                mutations.append(.deleteDocument(.sinks, try RecordDocument.settingsName(number), expected: .any))
                mutations.append(.deleteDocument(.sinks, try RecordDocument.stateName(number), expected: .any))
                count += 1
            }
            if !mutations.isEmpty { try context.commit(mutations, by: principal) }
            return count
        }
    }

    func existing(_ number: UInt64) throws(CredentialError) -> Sink {
        guard let sink = find(number) else { throw CredentialError(.notFound, "sink", "there is no such sink") }
        return sink
    }

    /// Writes how a sink stands. On any thread but the change queue's; waits. One that was deleted meanwhile stays deleted.
    func save(_ number: UInt64, _ state: SinkState) throws(CredentialError) {
        let context = context
        var result: Result<Void, CredentialError> = .success(())
        context.queue.runAndWait {
            guard self.find(number) != nil else { return }
            do throws(CredentialError) {
                try context.directory.requireReady()
                try context.commit(
                    [.putDocument(.sinks, try RecordDocument.stateName(number), state.encoded, expected: .any)], by: Self.principal)
            } catch {
                result = .failure(error)
            }
        }
        try result.get()
    }

    private static let isTaken = CredentialError(.alreadyExists, "name", "the tenant has a sink of this name")

    /// - Throws: `invalidArgument` with the field; `alreadyExists` for another one's path.
    private func check(_ sink: Sink) throws(CredentialError) {
        switch sink.content {
        case .template(let template): _ = try SinkElement(template)
        case .renderer(let name):
            guard renderer(name) != nil else {
                throw CredentialError(.invalidArgument, "renderer", "there is no renderer of this name; is its door configured?")
            }
        }
        try sink.target.check()
        let file = try file(of: sink)
        let place = try file.place()
        // Another path may lead to the same file; one that leads nowhere now is judged when it is written.
        guard list(where: { other in
            other.number != sink.number && (other.path == sink.path || (try? self.file(of: other).place()) == place)
        }).isEmpty else {
            throw CredentialError(.alreadyExists, "path", "another sink writes this file")
        }
        try sink.action.check(rules: context.options.addresses)
        guard sink.attributes.count <= CredentialChecks.maximumAttributes else {
            throw CredentialError(.invalidArgument, "attributes", "there are more than \(CredentialChecks.maximumAttributes)")
        }
        for (name, value) in sink.attributes {
            try CredentialChecks.check(key: name)
            guard value.utf8.count <= 4_096 else {
                throw CredentialError(.invalidArgument, "attributes", "the value of '\(name)' has more than 4,096 bytes")
            }
        }
    }
}

extension Sink {
    mutating func apply(_ change: SinkChange) {
        if let name = change.name { self.name = name }
        if let isEnabled = change.isEnabled { self.isEnabled = isEnabled }
        if let content = change.content { self.content = content }
        if let path = change.path { self.path = path }
        if let target = change.target { self.target = target }
        if let action = change.action { self.action = action }
        for (name, value) in change.attributes { attributes[name] = value }
    }
}
