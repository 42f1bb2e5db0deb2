import Glibc

/// What libFuzzer calls for each input, for all harnesses: a harness says only what must hold.
///
/// A rule that does not hold ends the process: libFuzzer then keeps the input and scripts/fuzz.sh prints it.
public enum Harness {
    /// - Parameter body: looks at one input.
    /// - Returns: 0, as libFuzzer wants it.
    public static func run(_ start: UnsafePointer<UInt8>?, _ count: Int, _ body: ([UInt8]) -> Void) -> CInt {
        let bytes = Array(UnsafeBufferPointer(start: start, count: count))
        if Plant.springs { Plant.spring(bytes) } else { body(bytes) }
        return 0
    }

    /// Ends the process where `condition` does not hold.
    public static func check(_ condition: Bool, _ rule: @autoclosure () -> String) {
        if !condition { fatalError("the harness found: \(rule())") }
    }
}

/// Faults that scripts/fuzz.sh plants to see that a harness can fail (`COFFER_FUZZ_PLANT`).
public enum Plant {
    private static let name = getenv("COFFER_FUZZ_PLANT").map { String(cString: $0) } ?? ""

    /// `check`: the harness spoils what it compares, so that the seeds alone must make it fail.
    public static let spoils = name == "check"
    /// `bytes`: nothing is done but to look for a word, which only a search that is led by coverage finds.
    static let springs = name == "bytes"

    /// A branch for each letter: in a loop the first and the last would be one edge.
    static func spring(_ bytes: [UInt8]) {
        guard bytes.count >= 5 else { return }
        guard bytes[0] == UInt8(ascii: "P") else { return }
        guard bytes[1] == UInt8(ascii: "L") else { return }
        guard bytes[2] == UInt8(ascii: "A") else { return }
        guard bytes[3] == UInt8(ascii: "N") else { return }
        guard bytes[4] == UInt8(ascii: "T") else { return }
        fatalError("the planted word was found")
    }
}
