import FuzzSupport

/// Input: two bytes that choose the operation, then the body. 0xFFFF: four lengths of pieces, then a stream of frames.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.run(start, count) { bytes in
        var input = InputReader(bytes)
        let number = input.number()
        if number == 0xFFFF {
            let lengths = input.take(4)
            FrameStream.check(input.rest(), lengths: lengths)
        } else {
            RequestBodies.decode(number, input.rest())
        }
    }
}
