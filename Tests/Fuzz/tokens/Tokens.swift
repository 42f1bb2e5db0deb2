import FuzzSupport

/// Input: a letter that chooses what is read, then its text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.run(start, count) { bytes in
        var input = InputReader(bytes)
        let choice = input.byte()
        let text = input.rest()
        switch choice {
        case UInt8(ascii: "a"): AddressTexts.check(text)
        case UInt8(ascii: "b"): Encodings.check(text)
        case UInt8(ascii: "l"): LoginTokens.check(text)
        case UInt8(ascii: "r"): PasswordEnvelopes.check(text)
        case UInt8(ascii: "j"): DashboardTokens.check(text)
        case UInt8(ascii: "h"): RequestTexts.check(text)
        case UInt8(ascii: "k"): KeyTexts.check(text)
        default: break
        }
    }
}
