import Foundation
import Testing

/// Writes the vector files; does nothing unless `COFFER_WRITE_VECTORS` names the folder.
struct VectorWriter {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["COFFER_WRITE_VECTORS"] != nil))
    func write() throws {
        let root = URL(filePath: try #require(ProcessInfo.processInfo.environment["COFFER_WRITE_VECTORS"]))
        for folder in ["valid", "invalid"] {
            let folder = root.appending(path: folder)
            try? FileManager.default.removeItem(at: folder)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        for vector in ValidCases.all + InvalidCases.all {
            let file = root.appending(path: "\(vector.folder)/\(vector.name).txt")
            try #require(!FileManager.default.fileExists(atPath: file.path), "two vectors have the name \(vector.name)")
            try Data(vector.text.utf8).write(to: file)
        }
    }
}
