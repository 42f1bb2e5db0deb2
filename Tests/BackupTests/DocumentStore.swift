import Foundation
import Glibc
import Testing

@testable import CofferStore

/// A real store in a folder that is gone after the test, and what a backup of it holds.
final class DocumentStore: Sendable {
    let path: String
    let store: Store
    static let now: UInt64 = 1_700_000_000_000

    init() throws {
        var template = Array("/tmp/coffer-backup-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StoreError(.system, "no folder for a test") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var options = Store.Options()
        options.mapBytes = 1 << 28
        options.indexBytes = 0
        options.clock = { Self.now }
        let key = SecretBuffer([UInt8](repeating: 7, count: 32))
        try Store.create(at: path + "/store", slot: .keyFile(key, label: "key"), options: options)
        store = try Store.open(at: path + "/store", options: options)
        try store.unlock(.keyFile(key))
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    func put(_ table: DocumentTable, _ name: String, _ bytes: SecretBuffer) throws {
        _ = try store.commit(
            Batch(principal: "test", mutations: [.putDocument(table, try DocumentName(name.utf8), bytes, expected: .any)]))
    }

    /// Every document of the store is in its backup, bit for bit, and every line is written the same again.
    /// - Parameter judge: asked about each document: what the services wrote they can read.
    /// - Returns: the tables that have documents, and the backup's text.
    func check(_ judge: DocumentCheck.Judge? = nil) throws -> (tables: Set<DocumentTable>, text: String) {
        var bytes: [UInt8] = []
        _ = try store.exportBackup(progress: { _, _ in }, to: { (piece) throws(StoreError) in bytes += piece })
        let keyring = try #require(store.monitor.locked { store.state.keys }).keyring
        let ids = BackupExport.travelling(keyring).map(\.id)
        let reader = BackupLineReader()
        let output = LineBuffer()
        var found: [DocumentTable: [DocumentName: (bytes: [UInt8], revision: UInt64)]] = [:]
        try bytes.withBytes { (bytes) throws(StoreError) in
            try reader.update(bytes) { (item) throws(StoreError) in
                if case .key(let key) = item { reader.setKeyID(ids[Int(key.number) - 1], of: key.number) }
                if case .document(let document) = item {
                    try judge?(document.table, document.name, document.bytes)
                    found[document.table, default: [:]][document.name] = (Array(document.bytes.bytes), document.revision)
                }
                let numbers = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, UInt32($0 + 1)) })
                do throws(LineFault) { try BackupLineWriter(output: output, keyNumbers: numbers).write(item) } catch {
                    throw StoreError(.failed, "\(error)")
                }
                output.append("\n")
            }
        }
        _ = try reader.finish()
        #expect(Array(output.bytes) == bytes)
        for table in DocumentTable.allCases {
            let stored = try store.withWorker { (worker) throws(StoreError) in try worker.reader.documents(table) }
            #expect(stored.count == (found[table]?.count ?? 0), "\(table)")
            for document in stored {
                let read = found[table]?[document.name]
                #expect(read?.bytes == Array(document.bytes.bytes) && read?.revision == document.revision, "\(table) \(document.name.description)")
            }
        }
        return (Set(found.keys), String(decoding: bytes, as: UTF8.self))
    }
}

func secret(_ text: String) -> SecretBuffer { SecretBuffer(Array(text.utf8)) }
func named(_ text: String) throws -> DocumentName { try DocumentName(text.utf8) }
