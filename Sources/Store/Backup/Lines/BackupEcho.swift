/// Writes each line again that a reader accepts. For the fuzzing harness, which holds the two against each other.
package final class BackupEcho {
    private let reader = BackupLineReader()
    private let output = LineBuffer()
    private var keyNumbers: [UInt32: UInt32] = [:]

    package init() {}

    /// The lines that were accepted.
    package var written: [UInt8] { Array(output.bytes) }

    package func update(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        try reader.update(bytes) { (item) throws(StoreError) in
            if case .key(let key) = item, key.purpose == .apiKeyHash { keyNumbers[key.number] = key.number }
            let start = output.count
            do throws(LineFault) {
                try BackupLineWriter(output: output, keyNumbers: keyNumbers).write(item)
            } catch {
                output.cut(to: start)
            }
            output.append("\n")
        }
    }

    package func finish() throws(StoreError) { _ = try reader.finish() }
}
