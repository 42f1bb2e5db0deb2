import CSodium

/// Random words by the handful: one system call for many leases.
struct BufferedRandom: RandomNumberGenerator, Sendable {
    private var words: [UInt64] = Array(repeating: 0, count: 64)
    private var used = 64

    mutating func next() -> UInt64 {
        if used == words.count {
            words.withUnsafeMutableBytes { if let base = $0.baseAddress { randombytes_buf(base, $0.count) } }
            used = 0
        }
        defer {
            // Nobody finds the id of a lease here later.
            words[used] = 0
            used += 1
        }
        return words[used]
    }
}
