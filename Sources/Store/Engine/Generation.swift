import Glibc

/// A numbered folder with one data file: what `current` points to, what was there before, or what is being built (formats.md 3).
struct Generation: Comparable, Sendable {
    var number: UInt32

    static let first = Generation(number: 1)
    private static let prefix = "gen-"
    private static let unfinishedSuffix = ".new"

    var name: String {
        let digits = String(number)
        return Self.prefix + String(repeating: "0", count: max(6 - digits.count, 0)) + digits
    }

    /// While it is being built.
    var unfinishedName: String { name + Self.unfinishedSuffix }

    init(number: UInt32) { self.number = number }

    /// - Parameter name: of a folder beside `current`, finished or not; `nil` where it is no generation's.
    init?(_ name: some StringProtocol) {
        guard name.hasPrefix(Self.prefix) else { return nil }
        var digits = name.dropFirst(Self.prefix.count)
        if digits.hasSuffix(Self.unfinishedSuffix) { digits = digits.dropLast(Self.unfinishedSuffix.count) }
        guard let number = UInt32(digits), number > 0, Generation(number: number).name.dropFirst(Self.prefix.count) == digits else { return nil }
        self.number = number
    }

    static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

// Several generations beside each other: a restore builds one, the one before stays for a while (formats.md 20). All of it under the
// owner's lock.
extension StoreFolder {
    /// In a generation that was never in use: whoever finds it after a crash may take the whole folder away.
    private static let unusedMark = "unused"
    /// All that may lie in one.
    static let files = ["data.mdb", "lock.mdb", unusedMark, CleanStop.name, CleanStop.draftName]

    func folder(of generation: Generation) -> String { path + "/" + generation.name }
    func unfinishedFolder(of generation: Generation) -> String { path + "/" + generation.unfinishedName }

    /// What `current` points to.
    /// - Throws: `not-a-store` where it is no link to a generation.
    func currentGeneration() throws(StoreError) -> Generation {
        var target = [CChar](repeating: 0, count: 256)
        let count = readlink(current, &target, target.count)
        let name = String(decoding: target.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let generation = Generation(name), generation.name == name else {
            throw StoreError(.notAStore, "\(current) is not a link to a generation of the store")
        }
        return generation
    }

    /// All generations, finished (ascending) and not.
    private func generations() throws(StoreError) -> (finished: [Generation], unfinished: [Generation]) {
        guard let folder = opendir(path) else { throw StoreError.fromErrno("cannot read the folder \(path)") }
        defer { closedir(folder) }
        var finished: [Generation] = []
        var unfinished: [Generation] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let generation = Generation(name) else { continue }
            if name == generation.name { finished.append(generation) } else { unfinished.append(generation) }
        }
        return (finished.sorted(), unfinished.sorted())
    }

    /// Those that are kept beside the present one: they still open with the same key.
    func keptGenerations() -> [Generation] {
        guard let present = try? currentGeneration(), let all = try? generations().finished else { return [] }
        return all.filter { $0 != present }
    }

    // MARK: Building

    /// Makes the folder of the next generation, unfinished.
    func beginGeneration() throws(StoreError) -> Generation {
        let all = try generations()
        let last = max(all.finished.last?.number ?? 0, all.unfinished.last?.number ?? 0)
        guard last < 999_999_999 else { throw StoreError(.failed, "the store has no numbers for generations left") }
        let generation = Generation(number: last + 1)
        let folder = unfinishedFolder(of: generation)
        guard mkdir(folder, 0o700) == 0 else { throw StoreError.fromErrno("cannot make the folder \(folder)") }
        let mark = open(folder + "/" + Self.unusedMark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard mark >= 0 else {
            let error = StoreError.fromErrno("cannot make a file in \(folder)")
            remove(generation)
            throw error
        }
        close(mark)
        return generation
    }

    /// Gives the finished folder its name. It is not in use yet.
    func finish(_ generation: Generation) throws(StoreError) {
        try Self.sync(unfinishedFolder(of: generation))
        guard rename(unfinishedFolder(of: generation), folder(of: generation)) == 0 else {
            throw StoreError.fromErrno("cannot give the generation \(generation.name) its name")
        }
        try Self.sync(path)
    }

    /// Makes it the present one, durably, or throws and leaves the one of before.
    func use(_ generation: Generation) throws(StoreError) {
        let before = try currentGeneration()
        do throws(StoreError) {
            try switchTo(generation.name)
        } catch {
            // The link may have been replaced already, and only the sync failed.
            if (try? currentGeneration()) != before { try? switchTo(before.name) }
            throw error
        }
        unlink(folder(of: generation) + "/" + Self.unusedMark)
    }

    // MARK: Taking away

    /// Takes away what an interrupted restore left.
    func clearInterrupted() throws(StoreError) {
        unlink(current + ".new")
        let present = try currentGeneration()
        let all = try generations()
        for generation in all.unfinished { remove(generation) }
        for generation in all.finished {
            let mark = folder(of: generation) + "/" + Self.unusedMark
            guard access(mark, F_OK) == 0 else { continue }
            // The present one was killed between the switch and taking the mark away.
            if generation == present { unlink(mark) } else { remove(generation) }
        }
    }

    /// Takes away the generations before the present one, but the newest `keeping` of them.
    func removeEarlier(keeping: Int) {
        guard let present = try? currentGeneration(), let all = try? generations().finished else { return }
        for generation in all.filter({ $0 < present }).dropLast(max(keeping, 0)) { remove(generation) }
    }

    /// An environment that is still open there goes on until it is closed.
    func remove(_ generation: Generation) {
        for folder in [unfinishedFolder(of: generation), folder(of: generation)] {
            for file in Self.files { unlink(folder + "/" + file) }
            rmdir(folder)
        }
    }
}
