import Foundation
import Glibc
import Testing

@testable import CofferStore

@Suite("Store folder")
struct FolderTests {
    @Test("create refuses what is there, open what is not")
    func createAndOpen() throws {
        let folder = Folder()
        let options = Fixture.options(ManualClock())
        #expect(!Store.exists(at: folder.store))
        #expect(code { _ = try Store.open(at: folder.store, options: options) } == .notAStore)
        try Store.create(at: folder.path + "/deep/down/store", slot: .keyFile(Fixture.key, label: ""), options: options)
        try Store.create(at: folder.store, slot: .keyFile(Fixture.key, label: ""), options: options)
        #expect(Store.exists(at: folder.store))
        #expect(code { try Store.create(at: folder.store, slot: .keyFile(Fixture.key, label: ""), options: options) } == .alreadyExists)
        let empty = folder.path + "/empty"
        mkdir(empty, 0o700)
        #expect(code { _ = try Store.open(at: empty, options: options) } == .notAStore)
        _ = FileManager.default.createFile(atPath: empty + "/file", contents: nil)
        #expect(code { try Store.create(at: empty, slot: .keyFile(Fixture.key, label: ""), options: options) } == .alreadyExists)
        #expect(code { _ = try Store.open(at: empty + "/file", options: options) } == .notAStore)
        #expect(code { try Store.create(at: empty + "/file", slot: .keyFile(Fixture.key, label: ""), options: options) } == .notAStore)
    }

    @Test("a recovery key comes back from create; a failed create leaves a folder that can be used")
    func createKinds() throws {
        let folder = Folder()
        let options = Fixture.options(ManualClock())
        #expect(code { try Store.create(at: folder.store, slot: .keyFile(SecretBuffer([1]), label: ""), options: options) } == .invalidArgument)
        let text = try #require(try Store.create(at: folder.store, slot: .recovery(label: "paper"), options: options))
        let store = try Store.open(at: folder.store, options: options)
        defer { store.close() }
        #expect(store.isLocked)
        #expect(store.incarnation == [UInt8](repeating: 0, count: 16))
        try store.unlock(.recoveryKey(bytes(text)))
        #expect(store.incarnation != [UInt8](repeating: 0, count: 16))
        #expect(store.storeID.count == 16)
        #expect(store.revision == 0)
        #expect(try store.names() == [])
    }

    @Test("folders and files of others, or that others may write, are refused")
    func ownership() throws {
        let fixture = try Fixture()
        fixture.store.close()
        let path = fixture.folder.store
        func open() -> StoreError.Code? { code { try Store.open(at: path, options: fixture.options).close() } }
        for mode: mode_t in [0o770, 0o720, 0o702, 0o777] {
            chmod(path, mode)
            #expect(open() == .notOurs)
        }
        chmod(path, 0o700)
        #expect(open() == nil)
        for item in ["/current/data.mdb", "/gen-000001"] {
            chmod(path + item, 0o722)
            #expect(open() == .notOurs)
            chmod(path + item, 0o700)
            guard geteuid() == 0 else { continue }
            chown(path + item, 65_534, 65_534)
            #expect(open() == .notOurs)
            chown(path + item, 0, 0)
        }
        guard geteuid() == 0 else { return }
        chown(path, 65_534, 65_534)
        #expect(open() == .notOurs)
        chown(path, 0, 0)
        #expect(open() == nil)
    }

    @Test("one owner at a time, also within one process")
    func inUse() throws {
        let fixture = try Fixture()
        #expect(code { _ = try Store.open(at: fixture.folder.store, options: fixture.options) } == .inUse)
        try fixture.store.set("a", "still works")
        try fixture.reopen()
        #expect(try fixture.store.look("a") == .text("still works", 1))
    }

    @Test("another process that has the store keeps us out")
    func inUseElsewhere() throws {
        let fixture = try Fixture()
        fixture.store.close()
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/flock") else { return }
        holder.arguments = [fixture.folder.store + "/owner.lock", "sleep", "60"]
        try holder.run()
        defer { holder.terminate() }
        var found: StoreError.Code?
        for _ in 0..<200 where found != .inUse {
            usleep(10_000)
            found = code { try Store.open(at: fixture.folder.store, options: fixture.options).close() }
        }
        #expect(found == .inUse)
    }

    @Test("a folder that cannot be written")
    func readOnly() throws {
        let fixture = try Fixture()
        fixture.store.close()
        guard geteuid() != 0 else {
            // Root writes everywhere but on a file system that nobody can write.
            let path = fixture.folder.store
            guard mount(path, path, nil, UInt(MS_BIND), nil) == 0 else { return }
            defer { umount2(path, Int32(MNT_DETACH)) }
            guard mount(nil, path, nil, UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), nil) == 0 else { return }
            #expect(code { try Store.open(at: path, options: fixture.options).close() } == .unwritable)
            return
        }
        chmod(fixture.folder.store, 0o500)
        defer { chmod(fixture.folder.store, 0o700) }
        #expect(code { try Store.open(at: fixture.folder.store, options: fixture.options).close() } == .unwritable)
    }

    @Test("files that are no store's")
    func foreignFiles() throws {
        let fixture = try Fixture()
        fixture.store.close()
        let data = fixture.folder.store + "/current/data.mdb"
        try Data("this is no LMDB file".utf8).write(to: URL(fileURLWithPath: data))
        #expect(code { _ = try Store.open(at: fixture.folder.store, options: fixture.options) } == .damaged)
        try Data(repeating: 0x41, count: 65_536).write(to: URL(fileURLWithPath: data))
        #expect(code { _ = try Store.open(at: fixture.folder.store, options: fixture.options) } == .damaged)
        try FileManager.default.removeItem(atPath: data)
        #expect(code { _ = try Store.open(at: fixture.folder.store, options: fixture.options) } == .notAStore)
    }
}
