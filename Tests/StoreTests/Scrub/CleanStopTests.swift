import Glibc
import Testing

@testable import CofferStore

/// Whether a file is examined before it is opened.
@Suite("Orderly stops")
struct CleanStopTests {
    private func mark(_ fixture: Fixture) -> CleanStop { CleanStop(fixture.folder.store + "/current") }
    private func data(_ fixture: Fixture) -> String { fixture.folder.store + "/current/data.mdb" }

    /// A child that always fails shows whether there was one.
    private func refuses(_ options: inout Store.Options) { options.examiner = StoreExaminer(executable: "/bin/false") }

    @Test("a file that was closed in order and is untouched is not examined")
    func untouched() throws {
        let fixture = try Fixture()
        try fixture.store.run(mutation(put: "a/b", "value"))
        #expect(!mark(fixture).holds, "a store that is open has no mark")
        fixture.store.close()
        #expect(mark(fixture).holds)
        try fixture.reopen(refuses)
        #expect(!mark(fixture).holds, "and loses it when it is opened")
        #expect(try fixture.store.names() == ["a/b"])
    }

    @Test("a byte that is written, another file, and no mark at all")
    func touched() throws {
        let fixture = try Fixture()
        let changes: [(String, (String) throws -> Void)] = [
            ("written", { path in
                let file = open(path, O_RDWR)
                defer { close(file) }
                var byte: UInt8 = 0
                #expect(pread(file, &byte, 1, 100) == 1 && pwrite(file, &byte, 1, 100) == 1)
            }),
            ("copied", { path in
                #expect(rename(path, path + ".old") == 0)
                let from = open(path + ".old", O_RDONLY), to = open(path, O_WRONLY | O_CREAT, 0o600)
                defer { close(from); close(to) }
                var bytes = [UInt8](repeating: 0, count: 1 << 16)
                while case let count = read(from, &bytes, bytes.count), count > 0 { #expect(write(to, bytes, count) == count) }
                var status = stat()
                fstat(from, &status)
                // As a careful copy does.
                let times = [status.st_atim, status.st_mtim]
                futimens(to, times)
                unlink(path + ".old")
            }),
            ("unmarked", { path in #expect(unlink(path.replacing("data.mdb", with: CleanStop.name)) == 0) }),
            ("half a mark", { path in #expect(truncate(path.replacing("data.mdb", with: CleanStop.name), 20) == 0) }),
        ]
        for (what, change) in changes {
            try fixture.store.run(mutation(put: "a/b", what))
            fixture.store.close()
            #expect(mark(fixture).holds)
            try change(data(fixture))
            #expect(!mark(fixture).holds, "\(what)")
            #expect(throws: StoreError.self, "\(what)") { try fixture.reopen(refuses) }
            try fixture.reopen()
        }
    }

    @Test("the mark goes with its generation")
    func removed() throws {
        #expect(StoreFolder.files.contains(CleanStop.name))
    }
}
