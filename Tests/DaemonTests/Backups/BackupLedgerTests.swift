import CofferWire
import Glibc
import Testing

@testable import CofferDaemon

/// What the daemon remembers of its backups.
@Suite struct BackupLedgerTests {
    private let storeID = "00112233445566778899aabbccddeeff"

    private var ledger: BackupLedger {
        var ledger = BackupLedger(storeID: storeID)
        ledger.history = BackupHistory(since: 1, taken: 2, proven: 3, failed: 4, failures: 5)
        ledger.error = "the disk of the backups is full: really"
        ledger.folder = "/mnt/backups of coffer"
        ledger.backups = [
            BackupEntry(
                file: BackupName.of(created: 1_767_225_600_000, revision: 4_711, attempt: 0), created: 1_767_225_600_000, revision: 4_711,
                size: 99, digest: String(repeating: "ab", count: 32), proof: .identity, proven: 7),
            BackupEntry(
                file: BackupName.of(created: 0, revision: .max, attempt: 3), created: 0, revision: .max, size: .max,
                digest: String(repeating: "0", count: 64)),
        ]
        return ledger
    }

    @Test func whatIsWrittenIsRead() {
        #expect(BackupLedger(ledger.text, storeID: storeID) == ledger)
        let empty = BackupLedger(storeID: storeID)
        #expect(BackupLedger(empty.text, storeID: storeID) == empty)
    }

    @Test func oneWithoutAFolderIsRead() throws {
        let earlier = """
            coffer-backups 1 00112233445566778899aabbccddeeff
            history 1 2 3 4 5
            error 
            backup coffer-20260101T000000Z-r1.age 1 1 1 \(String(repeating: "0", count: 64)) 2 3
            end 
            """
        let body = earlier.dropLast("end ".count)
        let read = try #require(BackupLedger("\(earlier)\(BackupLedger.sum(String(body)))\n", storeID: storeID))
        #expect(read.folder.isEmpty && read.backups.count == 1 && read.history.proven == 3)
    }

    @Test func ofAnotherStoreIsNothing() {
        #expect(BackupLedger(ledger.text, storeID: String(storeID.reversed())) == nil)
    }

    @Test func anyChangeIsNoticed() {
        let bytes = Array(ledger.text.utf8)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            if let text = String(validating: changed, as: UTF8.self) {
                #expect(BackupLedger(text, storeID: storeID) == nil, "byte \(index)")
            }
            #expect(BackupLedger(String(decoding: bytes[..<index], as: UTF8.self), storeID: storeID) == nil, "cut at \(index)")
        }
        #expect(BackupLedger(ledger.text + "\n", storeID: storeID) == nil)
    }

    @Test func namesSayWhenAndWhat() {
        #expect(BackupName.of(created: 1_767_225_600_000, revision: 4_711, attempt: 0) == "coffer-20260101T000000Z-r4711.age")
        #expect(BackupName.of(created: 1_709_164_799_999, revision: 1, attempt: 2) == "coffer-20240228T235959Z-r1-2.age")
    }

    @Test(arguments: ["coffer-x.age/../y.age", "../coffer-x.age", "mine.age", "coffer-.txt", ".coffer-1.age.tmp", "coffer-a b.age", "coffer-\u{E9}.age"])
    func nothingElseIsOurs(_ name: String) { #expect(!BackupName.isOne(name)) }

    @Test func aFileThatIsNotWholeIsKeptAside() throws {
        let folder = "/tmp/coffer-ledger-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        #expect(mkdir(folder, 0o700) == 0)
        defer { for name in ["/l", "/l.new", "/l.damaged", ""] { remove(folder + name) } }
        let file = BackupLedgerFile(path: folder + "/l")
        #expect(file.read(storeID: storeID) == nil)
        #expect(file.write(ledger))
        #expect(file.read(storeID: storeID) == ledger)
        #expect(access(folder + "/l.new", F_OK) != 0)
        #expect(truncate(folder + "/l", 40) == 0)
        #expect(file.read(storeID: storeID) == nil)
        #expect(access(folder + "/l.damaged", F_OK) == 0 && access(folder + "/l", F_OK) != 0)
    }
}
