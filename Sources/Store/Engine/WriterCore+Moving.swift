import Glibc

/// A group of batches whose commit failed, in the one case in which it may be on the disk all the same.
struct Doubt {
    var head: Head
    var changes: [Change]
}

// Another environment in place of the present one. On the writer's thread.
extension WriterCore {
    /// Milliseconds until there is something to do without being asked; `nil`: there is nothing.
    var idleWait: Int? {
        let waits = [counterIsBehind ? counterWait : nil, broken == nil ? nil : reopeningWait].compactMap { $0 }
        return waits.min()
    }

    // MARK: The same files again

    private static let reopeningInterval = 1_000
    /// How long readers may take to leave before the next try. Requests are done in far less, and long walks look between two records.
    private static let leavingTime = 2_000

    private var reopeningWait: Int {
        guard let lastReopening else { return 0 }
        return max(lastReopening + Self.reopeningInterval - Clock.monotonic, 0)
    }

    var reopeningIsDue: Bool { broken != nil && reopeningWait == 0 }

    /// Closes the environment after a commit that failed, opens the same files, and goes on where they are what they should be
    /// (formats.md 8). Until then the store is read-only, and it is tried again every second.
    ///
    /// Two environments of one file must never be open in a process (closing either drops the locks of both), so all readers leave
    /// first. A failed write of the meta page ends every new transaction anyway; after other errors they go on if some do not leave.
    func reopen() {
        lastReopening = Clock.monotonic
        guard let cause = broken else { return }
        do throws(StoreError) {
            try openAgain()
        } catch {
            broken = StoreError(cause.code, cause.message.contains(Self.again) ? cause.message : "\(cause.message); \(Self.again) \(error.message)")
        }
        lastReopening = Clock.monotonic
    }

    private static let again = "opening the file again:"

    private func openAgain() throws(StoreError) {
        let old = environment
        old.condemn(true)
        guard old.awaitOnlyUser(milliseconds: Self.leavingTime, evict: { store.evictIdleReaders() }) else {
            old.condemn(false)
            throw StoreError(.busy, "some readers did not let go of it")
        }
        let owner = heldOwner ?? old.ownerLock
        heldOwner = owner
        // Closes it; stays condemned, so that whoever still asks for it is told to come again.
        old.release()
        let fresh = try Environment(folder: folder.current, mapBytes: old.mapBytes)
        let found: (header: Header, keys: KeySet?, head: Head?)
        do throws(StoreError) {
            found = try judge(fresh)
        } catch {
            fresh.release()
            throw error
        }
        fresh.adopt(owner)
        heldOwner = nil
        environment = fresh
        let told = doubt.flatMap { $0.head.revision == found.head?.revision ? $0.changes : nil } ?? []
        doubt = nil
        take(found.header, found.keys, found.head)
        if let keys = found.keys, let head = found.head {
            store.witness?.didCommit(head.place)
            readAnew(fresh, keys: keys)
            // What was answered with "outcome unknown" is there: watches hear of it like of any other change.
            if !told.isEmpty { store.publish([], changes: told, revision: head.revision) }
            // What was read may come from the page cache alone: only another commit makes it durable, and shows that the disk works.
            try writeHead(head)
        } else {
            store.move(to: fresh, keys: nil)
        }
        broken = nil
    }

    /// Everybody moves; the worker builds the directory of names before its first job.
    private func readAnew(_ fresh: Environment, keys: KeySet) {
        directory.expect { store.move(to: fresh, keys: keys) }
        store.buildDirectory()
    }

    // MARK: Another generation

    /// Puts a finished generation into the present one's place (formats.md 20). What is thrown leaves everything as it was.
    /// - Parameters: what its builder wrote there.
    func install(_ generation: Generation, keys: KeySet, head: Head) throws(StoreError) {
        let size = try Self.fileBytes(folder.folder(of: generation) + "/data.mdb")
        let fresh = try Environment(folder: folder.folder(of: generation), mapBytes: Store.mapBytes(options, fileBytes: size))
        let written: Header
        do throws(StoreError) {
            written = try Store.readHeader(fresh)
            try written.authenticate(root: keys.root)
            let transaction = try Transaction.begin(fresh, readOnly: true)
            defer { transaction.abort() }
            let sealed = SealedTransaction(transaction, keys: keys, head: Head(incarnation: []))
            guard try sealed.open(.head, Head.key) == head.encoded(), written.storeID == self.header.storeID else {
                throw StoreError(.damaged, "what was built is not what was written")
            }
            try folder.use(generation)
        } catch {
            fresh.release()
            throw error
        }
        fresh.adopt(environment.ownerLock)
        let old = environment
        environment = fresh
        take(written, keys, head)
        counterWritten = head.place
        counter.write(counterWritten, storeID: written.storeID, keys: keys)
        frozen = nil
        store.aroundRestore {
            store.noteIncarnation(head.incarnation, revision: head.revision)
            store.witness?.didCommit(head.place)
            readAnew(fresh, keys: keys)
            // It closes when the last reader has left it.
            old.release()
        }
    }

    private static func fileBytes(_ path: String) throws(StoreError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw StoreError.fromErrno("cannot look at \(path)") }
        return Int(status.st_size)
    }

    /// Reads header and head, and compares them with what this process knows: nothing else may lie there.
    private func judge(_ fresh: Environment) throws(StoreError) -> (header: Header, keys: KeySet?, head: Head?) {
        let header = try Store.readHeader(fresh)
        guard header.storeID == self.header.storeID else { throw StoreError(.damaged, "another store lies there") }
        guard let keys, let head else { return (header, nil, nil) }
        try header.authenticate(root: keys.root)
        let newKeys = try KeySet(root: keys.root, keyring: try header.openKeyring(root: keys.root), aesHardware: store.hasAES)
        let transaction = try Transaction.begin(fresh, readOnly: true)
        defer { transaction.abort() }
        let sealed = SealedTransaction(transaction, keys: newKeys, head: Head(incarnation: []))
        guard let bytes = try sealed.open(.head, Head.key) else { throw StoreError(.damaged, "the store has no head record") }
        let found = try Head(decoding: bytes)
        for known in [head, doubt?.head] {
            guard let known else { continue }
            if found.incarnation == known.incarnation, found.revision == known.revision, found.contents == known.contents {
                return (header, newKeys, found)
            }
        }
        throw StoreError(.damaged, "the store is at revision \(found.revision), which is neither \(head.revision) nor what was being written")
    }
}
