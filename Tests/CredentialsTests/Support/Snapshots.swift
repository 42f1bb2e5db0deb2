import CofferStore
import Foundation
import Glibc
import Synchronization

/// Copies a store after each of its commits, before anybody is told: what a process that is killed then leaves.
final class Snapshots: CommitListener {
    private let source: String
    let folder: String
    private let taken = Mutex<[String]>([])
    private let isOn = Mutex(true)

    init(of store: Store, at path: String) throws {
        source = path
        var template = Array("/tmp/coffer-snapshots-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StoreError(.failed, "no folder") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        store.addListener(self)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The paths, oldest first.
    var all: [String] { taken.withLock { $0 } }

    func committed(_ changes: [Change]) { take() }
    func lockChanged(locked: Bool) {}

    func take() {
        taken.withLock { taken in
            let path = "\(folder)/\(taken.count)"
            guard (try? FileManager.default.copyItem(atPath: source, toPath: path)) != nil else { return }
            taken.append(path)
        }
    }
}
