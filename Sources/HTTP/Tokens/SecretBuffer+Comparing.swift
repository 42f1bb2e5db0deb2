import CofferStore
import CSodium

extension SecretBuffer {
    /// In constant time but for the length.
    func isEqual(to text: String) -> Bool {
        var copy = Array(text.utf8)
        defer { copy.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) } }
        return copy.withUnsafeBytes { isEqual(to: $0) }
    }
}
