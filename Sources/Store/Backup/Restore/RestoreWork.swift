/// What a restore holds while it is under way, and its steps: claim, copy or begin empty, take lines, go on above all numbers, compare,
/// make durable, switch.
final class RestoreWork {
    private let store: Store
    private let options: RestoreOptions
    private let globs: [Glob]
    /// Whether the generation begins as a copy of the present one.
    private let copies: Bool
    private var intake: RestoreIntake?
    private var generation: Generation?
    private var isInstalled = false
    private var hasEnded = false

    init(_ store: Store, _ options: RestoreOptions) throws(StoreError) {
        self.store = store
        self.options = options
        globs = try Self.globs(options)
        copies = options.mode == .merge || !globs.isEmpty
        let isFirst = store.monitor.locked {
            defer { store.state.isRestoring = true }
            return !store.state.isRestoring
        }
        guard isFirst else {
            hasEnded = true
            throw StoreError(.busy, "another restore is under way")
        }
        do throws(StoreError) {
            try begin()
        } catch {
            end()
            throw error
        }
    }

    private static func globs(_ options: RestoreOptions) throws(StoreError) -> [Glob] {
        guard options.principal.utf8.count <= StoreLimits.principal else {
            throw StoreError(.invalidArgument, "the principal is longer than \(StoreLimits.principal) bytes")
        }
        guard options.only.count <= RestoreOptions.largestOnly else {
            throw StoreError(.invalidArgument, "more than \(RestoreOptions.largestOnly) patterns")
        }
        var globs: [Glob] = []
        for text in options.only {
            do throws(GlobError) {
                globs.append(try Glob(Array(text.utf8), ofSecrets: true))
            } catch {
                throw StoreError(.invalidArgument, "the pattern '\(text)': \(error)")
            }
        }
        return globs
    }

    // MARK: Beginning

    /// The store as the writer knows it at one moment.
    private struct Present {
        var header: Header
        var keys: KeySet
        var head: Head
        var environment: Environment
        /// What lies there at this moment; only where it was asked for.
        var content: StoreContent?
    }

    /// - Parameters:
    ///   - freezing: whether changes are answered `busy` from now on.
    ///   - opening: whether what lies there is to be looked at.
    private func present(freezing: Bool, opening: Bool = false) throws(StoreError) -> Present {
        nonisolated(unsafe) var result: Result<Present, StoreError>?
        try store.writer().administer { core in
            if let refusal = core.refusal(sealing: false), core.frozen == nil { return result = .failure(refusal) }
            guard let keys = core.keys, let head = core.head else {
                return result = .failure(StoreError(.locked, "the store was locked while it was restored"))
            }
            var present = Present(header: core.header, keys: keys, head: head, environment: core.environment)
            do throws(StoreError) {
                // Here nothing is committed meanwhile: content, keys and head are of one moment.
                if opening { present.content = try StoreContent(core.environment, keys: keys) }
            } catch {
                return result = .failure(error)
            }
            if freezing { core.frozen = StoreError(.busy, "a backup is being restored: changes have to wait until that is done") }
            result = .success(present)
        }
        guard let result else { throw StoreError(.failed, "the store is closed") }
        return try result.get()
    }

    private func begin() throws(StoreError) {
        // A dry run stops nobody: it compares with the store as it is now.
        let freezes = copies && !options.dryRun
        let present = try present(freezing: freezes, opening: copies)
        try requireEmpty(present.head)
        let generation = try store.folder.beginGeneration()
        self.generation = generation
        // While nothing changes, the file as a whole is the quicker copy.
        if freezes { try present.environment.copy(to: store.folder.unfinishedFolder(of: generation)) }
        let head = copies ? present.head : Head(incarnation: present.head.incarnation)
        let before = present.content
        let builder = try GenerationBuilder(
            generation, in: store.folder, owner: present.environment.ownerLock, keys: present.keys, head: head, options: store.options,
            recordSuite: store.newRecordSuite, aesHardware: store.hasAES)
        do throws(StoreError) {
            if let before, !freezes { try builder.takeOver(before, isStopping: { [store] in store.isLocked }) }
        } catch {
            builder.end()
            throw error
        }
        let ground: RestoreIntake.Ground = options.mode == .merge ? .adding(globs) : globs.isEmpty ? .empty : .replacing(globs)
        let (storeID, incarnation, revision, options) = (store.storeID, present.head.incarnation, present.head.revision, options)
        intake = RestoreIntake(
            builder, ground, before: before, storeID: store.storeID, revision: revision, sealLimit: store.options.sealLimit,
            check: options.check
        ) { (header) throws(StoreError) in
            try Self.requireOlder(storeID: storeID, incarnation: incarnation, revision: revision, than: header, options)
        }
    }

    private func requireEmpty(_ head: Head) throws(StoreError) {
        guard options.mode == .intoEmpty, !RestoreRules.isPristine(head) else { return }
        throw StoreError(
            .notEmpty, "the store is not empty: say whether the backup is to replace what it has (--replace), or to be added to it (--merge)")
    }

    /// What was changed after the backup would be lost.
    private static func requireOlder(
        storeID: [UInt8], incarnation: [UInt8], revision: UInt64, than header: BackupHeader, _ options: RestoreOptions
    ) throws(StoreError) {
        guard header.revision < RestoreRules.endOfRevisions else {
            throw StoreError(.damaged, "the backup says that its store was at revision \(header.revision): no store comes so far")
        }
        guard options.mode == .replace, !options.discardNewer, header.storeID == storeID else { return }
        guard header.incarnation == incarnation else {
            throw StoreError(
                .newer, "the store was restored, or an older copy of it accepted, since this backup was taken: what was changed after that "
                    + "would be lost (--discard-newer)")
        }
        guard revision > header.revision else { return }
        throw StoreError(
            .newer,
            "the store is at revision \(revision), the backup shows revision \(header.revision): what was changed between would be lost "
                + "(--discard-newer)")
    }

    // MARK: Lines

    func update(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        guard !store.isLocked else { throw StoreError(.locked, "the store was locked while it was restored") }
        try running().update(bytes)
    }

    private func running() throws(StoreError) -> RestoreIntake {
        guard let intake else { throw StoreError(.failed, "the restore is over") }
        return intake
    }

    // MARK: The end

    func finish() throws(StoreError) -> RestoreReport {
        let intake = try running()
        let summary = try intake.finish()
        // A dry run stops nobody, and tells about the store as it is now.
        let present = try present(freezing: !options.dryRun)
        try requireEmpty(present.head)
        if let header = intake.header {
            try Self.requireOlder(
                storeID: store.storeID, incarnation: present.head.incarnation, revision: present.head.revision, than: header, options)
        }
        let before: StoreContent
        if let copied = intake.before { before = copied } else { before = try StoreContent(present.environment, keys: present.keys) }
        try intake.requireTenants()
        try intake.goOn(above: before)
        let builder = intake.builder
        if copies { try builder.clear(.changeLog) }
        try builder.head.startAnew(above: max(present.head.revision, summary.revision), now: store.options.clock())
        let keys = try builder.seal(present.header, root: present.keys.root, dropsEarlierKeys: !copies)
        let head = builder.head
        var report = try compare(before, builder, keys, intake, summary)
        guard !options.dryRun else {
            report.incarnation = present.head.incarnation
            report.revision = present.head.revision
            return report
        }
        try builder.finish()
        try install(builder.generation, keys: keys, head: head)
        return report
    }

    /// Reads everything that was written once more: the difference to what is there, and the digest.
    private func compare(
        _ before: StoreContent, _ builder: GenerationBuilder, _ keys: KeySet, _ intake: RestoreIntake, _ summary: BackupSummary
    ) throws(StoreError) -> RestoreReport {
        let after = try StoreContent(builder.environment, keys: keys)
        var difference = try RestoreDifference.take(before, after)
        difference.note(kept: intake.kept, intake.keptNames)
        let pipeline = try BackupPipeline(
            after.transaction, keys: keys, isLocked: { [store] in store.isLocked }, fileBytes: { 0 })
        let head = pipeline.export.head
        let found = try pipeline.run(
            BackupHeader(created: head.time, daemon: "", storeID: store.storeID, incarnation: head.incarnation, revision: head.revision),
            progress: { _, _ in }, to: { (_) throws(StoreError) in })
        return RestoreReport(
            summary: summary, differences: difference.list, names: difference.names, incarnation: head.incarnation, revision: head.revision,
            digest: found.digest)
    }

    private func install(_ generation: Generation, keys: KeySet, head: Head) throws(StoreError) {
        nonisolated(unsafe) var result: Result<Void, StoreError>?
        try store.writer().administer { core in
            do throws(StoreError) {
                guard core.keys != nil else { throw StoreError(.locked, "the store was locked while it was restored") }
                try core.install(generation, keys: keys, head: head)
                result = .success(())
            } catch {
                result = .failure(error)
            }
        }
        guard let result else { throw StoreError(.failed, "the store is closed") }
        try result.get()
        isInstalled = true
    }

    /// Gives everything back; what was not installed is taken away. Idempotent.
    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        intake?.builder.end()
        intake = nil
        if let generation, !isInstalled { store.folder.remove(generation) }
        _ = try? store.writer().administer { $0.frozen = nil }
        store.monitor.locked { store.state.isRestoring = false }
    }
}
