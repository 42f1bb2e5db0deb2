import CofferWire
import Foundation
import Glibc
import Testing

@testable import CofferDaemon

/// The folder of scheduled backups: whose it is, and what is left in it.
@Suite struct BackupFolderTests {
    private static let mine = "00112233445566778899aabbccddeeff"
    private static let other = "ffeeddccbbaa99887766554433221100"

    private func with(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/coffer-backup-folder.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func files(_ path: String) -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    @Test func aFolderWithoutItsMarkIsNotWrittenTo() throws {
        try with { path in
            let folder = BackupFolder(path: path + "/b", storeID: Self.mine)
            try folder.prepare(isKnown: false)
            #expect(folder.isMarked)
            try folder.prepare(isKnown: true)
            #expect(!BackupFolder(path: path + "/b", storeID: Self.other).isMarked)
            // The place where a disk would be mounted.
            let empty = BackupFolder(path: path + "/empty", storeID: Self.mine)
            #expect(mkdir(empty.path, 0o700) == 0)
            let failure = #expect(throws: Failure.self) { try empty.prepare(isKnown: true) }
            #expect(failure?.message.contains(empty.mark) == true)
            #expect(files(empty.path) == [])
            #expect(throws: Failure.self) { try BackupFolder(path: path + "/gone", storeID: Self.mine).prepare(isKnown: true) }
            #expect(access(path + "/gone", F_OK) != 0)
        }
    }

    @Test func onlyOwnDraftsThatNobodyWritesAreRemoved() throws {
        try with { path in
            let folder = BackupFolder(path: path, storeID: Self.mine)
            let neighbour = BackupFolder(path: path, storeID: Self.other)
            let living = try folder.draft()
            try living.write([1, 2, 3])
            let theirs = try neighbour.draft()
            let present = files(path)
            #expect(present.count == 2)
            // As a daemon leaves them that was killed.
            for store in [Self.mine, Self.other] {
                #expect(FileManager.default.createFile(atPath: "\(path)/.coffer-\(store)-abc.age.tmp", contents: Data([1])))
            }
            #expect(symlink("/etc/hostname", "\(path)/.coffer-\(Self.mine)-link.age.tmp") == 0)
            folder.removeDrafts()
            #expect(Set(files(path)) == Set(present + [".coffer-\(Self.other)-abc.age.tmp", ".coffer-\(Self.mine)-link.age.tmp"]))
            try living.publish(as: "coffer-1.age")
            #expect(files(path).contains("coffer-1.age"))
            withExtendedLifetime(theirs) {}
        }
    }
}
