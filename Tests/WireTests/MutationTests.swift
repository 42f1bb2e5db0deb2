import CofferWire
import Testing

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Bytes that nobody meant: never a crash, and what is accepted encodes to the same bytes.
struct MutationTests {
    /// The large ones would only take time.
    static let seeds = (Vector.valid + Vector.invalid).filter { $0.bytes.count <= 4_096 && $0.bytes.count > FrameHeader.size }

    @Test("single bytes", arguments: 0..<4)
    func singleBytes(_ part: Int) {
        var random = SplitMix(state: 0xC0FFE4 &+ UInt64(part))
        var accepted = 0
        for _ in 0..<30_000 {
            let vector = Self.seeds.randomElement(using: &random)!
            var bytes = vector.bytes
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            let result = verdict(on: bytes, from: vector.direction, limit: vector.limit)
            if result.expect == .accept { accepted += 1 }
            #expect(result.expect != .body("encodes to other bytes"), "\(vector.name): \(hex(bytes))")
        }
        // Otherwise the test would test nothing.
        #expect(accepted > 1_000)
    }

    @Test("inserted, dropped and swapped bytes, with the length kept true", arguments: 0..<2)
    func shapes(_ part: Int) {
        var random = SplitMix(state: 0xBEEF &+ UInt64(part))
        for _ in 0..<20_000 {
            let vector = Self.seeds.randomElement(using: &random)!
            var bytes = vector.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > FrameHeader.size {
                let place = Int.random(in: FrameHeader.size..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                case 1: bytes.remove(at: place)
                case 2: bytes.swapAt(place, Int.random(in: FrameHeader.size..<bytes.count, using: &random))
                default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            let length = UInt32(bytes.count - 4)
            for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(index))) }
            let result = verdict(on: bytes, from: vector.direction, limit: vector.limit)
            #expect(result.expect != .body("encodes to other bytes"), "\(vector.name): \(hex(bytes))")
        }
    }

    @Test("each body as each message")
    func confused() {
        var random = SplitMix(state: 1)
        let bodies = Self.seeds.map { Array($0.bytes.dropFirst(FrameHeader.size)) }
        for direction in Direction.allCases {
            for kind in FrameKind.allCases {
                for operation in Operation.allCases {
                    let header = FrameHeader(kind: kind, operation: operation, requestID: 1)
                    guard case .codec(let codec) = Registry.lookup(header, from: direction) else { continue }
                    for _ in 0..<100 {
                        let body = bodies.randomElement(using: &random)!
                        if let again = try? codec.recode(body) { #expect(again == body) }
                    }
                }
            }
        }
    }

    @Test("noise")
    func noise() {
        var random = SplitMix(state: 2)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let result = verdict(on: bytes, from: .client, limit: Limits.frame)
            #expect(result.expect != .body("encodes to other bytes"))
        }
    }
}
