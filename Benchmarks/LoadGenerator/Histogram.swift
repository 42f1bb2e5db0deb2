/// Latencies in a fixed number of buckets: 128 for each power of two, so a percentile is at most 0.8 % off.
/// Memory is taken once; adding a value allocates nothing.
final class Histogram {
    private static let subBits = 7
    private static let subCount = 1 << subBits
    /// Nanoseconds up to 2^40 (18 minutes); what is longer falls into the last bucket.
    private static let highestBit = 40
    private static let bucketCount = (highestBit - subBits + 2) * subCount

    private let buckets: UnsafeMutablePointer<UInt64>
    private(set) var count: UInt64 = 0

    init() {
        buckets = .allocate(capacity: Self.bucketCount)
        buckets.initialize(repeating: 0, count: Self.bucketCount)
    }

    deinit { buckets.deallocate() }

    func reset() {
        buckets.update(repeating: 0, count: Self.bucketCount)
        count = 0
    }

    @inline(__always)
    func add(_ nanoseconds: UInt64) {
        buckets[Self.index(nanoseconds)] &+= 1
        count &+= 1
    }

    /// Below 2 × 128 each value has its own bucket; above, the 7 bits behind the leading one choose it.
    @inline(__always)
    private static func index(_ value: UInt64) -> Int {
        let shift = max(0, 63 - subBits - value.leadingZeroBitCount)
        let index = shift * subCount + Int(truncatingIfNeeded: value >> UInt64(truncatingIfNeeded: shift))
        return min(index, bucketCount - 1)
    }

    /// The middle of the bucket that holds the value below which the fraction lies, in microseconds.
    func percentile(_ fraction: Double) -> Double {
        guard count > 0 else { return 0 }
        let wanted = UInt64((Double(count) * fraction).rounded(.up))
        var seen: UInt64 = 0
        for index in 0..<Self.bucketCount {
            seen += buckets[index]
            guard seen >= wanted, seen > 0 else { continue }
            let shift = max(0, index / Self.subCount - 1)
            let low = UInt64(index - shift * Self.subCount) << UInt64(shift)
            return (Double(low) + Double((UInt64(1) << UInt64(shift)) - 1) / 2) / 1_000
        }
        return 0
    }
}
