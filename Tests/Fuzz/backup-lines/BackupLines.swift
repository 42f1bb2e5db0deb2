import CofferStore
import FuzzSupport

/// Input: two bytes that say how the rest is cut into pieces, then the lines of a backup.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.run(start, count) { bytes in
        var input = InputReader(bytes)
        let lengths = input.take(2)
        checkLines(input.rest(), lengths)
    }
}

/// Every line that is accepted is written the same again, whatever came behind it; the verifier says what the reader says.
private func checkLines(_ bytes: [UInt8], _ lengths: [UInt8]) {
    let echo = BackupEcho()
    var refusal: StoreError?
    do throws(StoreError) {
        for piece in bytes.pieces(lengths) { try Array(piece).withBytes { (piece) throws(StoreError) in try echo.update(piece) } }
        try echo.finish()
    } catch { refusal = error }
    let accepted = Plant.spoils ? echo.written + [0x20] : echo.written
    Harness.check(bytes.starts(with: accepted), "a line was accepted that is written in another way")
    if let refusal {
        Harness.check(!refusal.message.isEmpty && refusal.message.utf8.count < 1_000, "a refusal says nothing, or too much")
    } else {
        Harness.check(accepted.count == bytes.count, "a backup was accepted of which a part was not read")
    }
    var verifier = BackupVerifier()
    var second: StoreError?
    do throws(StoreError) {
        try bytes.withBytes { (bytes) throws(StoreError) in try verifier.update(bytes) }
        let summary = try verifier.finish()
        Harness.check(summary.bytes == UInt64(bytes.count) && summary.digest.utf8.count == 64, "a summary does not fit")
    } catch { second = error }
    Harness.check(second == refusal, "the verifier judges in another way, or by the pieces")
}
