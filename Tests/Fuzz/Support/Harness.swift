import Glibc

/// What libFuzzer calls for each input, for all harnesses: a harness says only what must hold.
///
/// A rule that does not hold ends the process: libFuzzer then keeps the input and scripts/fuzz.sh prints it.
public enum Harness {
    /// - Parameter body: looks at one input. It has 16-bit ends of its own, if any: the bytes are as libFuzzer gave them.
    /// - Returns: what libFuzzer wants: 0.
    public static func run(_ start: UnsafePointer<UInt8>?, _ count: Int, _ body: ([UInt8]) -> Void) -> CInt {
        let bytes = Array(UnsafeBufferPointer(start: start, count: count))
        Plant.spring(bytes)
        body(bytes)
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

    /// `check`: the harness spoils what it compares, so that the corpus alone must make it fail.
    public static let spoils = name == "check"
    private static let springs = name == "bytes"
    private static let word = Array("PLANT".utf8)

    /// `bytes`: an input that begins with the word ends the process. Only a search that is led by coverage finds it.
    static func spring(_ bytes: [UInt8]) {
        guard springs else { return }
        for (index, letter) in word.enumerated() {
            guard index < bytes.count, reached(index, bytes[index], letter) else { return }
        }
        fatalError("the planted word was found")
    }

    /// A branch for each letter: a loop would be one edge, whatever it has reached.
    private static func reached(_ index: Int, _ byte: UInt8, _ letter: UInt8) -> Bool {
        switch index {
        case 0: byte == letter
        case 1: byte == letter
        case 2: byte == letter
        case 3: byte == letter
        default: byte == letter
        }
    }
}
