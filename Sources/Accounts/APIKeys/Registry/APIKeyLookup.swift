import CSodium
import Synchronization

/// What was presented before, by SipHash-128 under a key of this process: the way of a verify that hashes no BLAKE2b and allocates nothing.
///
/// Filled by the first successful look-up; what is not known is never entered, so there are at most as many entries as keys and betas.
/// It holds accounts, not entries: a changed key is found with its change, a deleted one has no entry any more.
final class APIKeyLookup: @unchecked Sendable {
    struct Print: Hashable, Sendable {
        var low: UInt64
        var high: UInt64

        static let none = Print(low: 0, high: 0)

        // The low half is as good as random already.
        func hash(into hasher: inout Hasher) { hasher.combine(low) }
    }

    struct Target: Sendable {
        var account: APIKeyAccount
        var scope: Verdict.Scope
    }

    private final class Shard: Sendable {
        let table = Mutex<[Print: Target]>([:])
    }

    private static let shardCount = 64
    private static let keyBytes = Int(crypto_shorthash_siphashx24_KEYBYTES)
    private let shards = (0..<shardCount).map { _ in Shard() }
    /// One for keys, one for betas: the same bytes are another thing there. Written in `init` only.
    private let processKeys: UnsafeMutablePointer<UInt8>

    init() {
        processKeys = .allocate(capacity: 2 * Self.keyBytes)
        randombytes_buf(processKeys, 2 * Self.keyBytes)
    }

    deinit {
        sodium_memzero(processKeys, 2 * Self.keyBytes)
        processKeys.deallocate()
    }

    @inline(__always)
    func print(_ bytes: UnsafeRawBufferPointer, scope: Verdict.Scope) -> Print {
        var output: (UInt64, UInt64) = (0, 0)
        guard let base = bytes.baseAddress else { return .none }
        withUnsafeMutableBytes(of: &output) { output in
            guard let target = output.baseAddress else { return }
            _ = crypto_shorthash_siphashx24(
                target.assumingMemoryBound(to: UInt8.self), base.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count),
                processKeys + (scope == .full ? 0 : Self.keyBytes))
        }
        return Print(low: output.0, high: output.1)
    }

    @inline(__always)
    private func shard(_ print: Print) -> Shard { shards[Int(truncatingIfNeeded: print.high) & (Self.shardCount - 1)] }

    @inline(__always)
    func find(_ print: Print) -> Target? { shard(print).table.withLock { $0[print] } }

    /// Enters a key that was found by its hash, unless it has gone meanwhile.
    func enter(_ print: Print, _ target: Target) {
        shard(print).table.withLock { table in
            // Inside of the shard's lock: whoever removes the account afterwards finds its print, and waits for this entry.
            if target.account.remember(print, scope: target.scope) { table[print] = target }
        }
    }

    func remove(_ prints: [Print]) {
        for print in prints { _ = shard(print).table.withLock { $0.removeValue(forKey: print) } }
    }

    func clear() { for shard in shards { shard.table.withLock { $0 = [:] } } }

    var count: Int { shards.reduce(0) { $0 + $1.table.withLock { $0.count } } }
}
