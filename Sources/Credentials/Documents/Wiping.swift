import CSodium

/// Bytes that held plaintext and are no longer needed.
enum Wiping {
    static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
        bytes.removeAll()
    }
}
