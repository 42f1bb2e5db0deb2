import CofferStore
import Synchronization

/// What verdicts need of a key's owner, shared by all keys of one user.
final class KeyOwner: Sendable {
    private static let enabled: UInt8 = 1
    private static let hasWalletFlag: UInt8 = 2

    let number: UInt64
    private let flags = Atomic<UInt8>(0)
    private let walletBudget = Mutex<Budget?>(nil)

    init(number: UInt64) { self.number = number }

    /// Whether the user exists and is enabled.
    @inline(__always)
    var isEnabled: Bool { flags.load(ordering: .acquiring) & Self.enabled != 0 }

    /// Whether the user has a wallet; without one nothing is charged there (decisions 11).
    @inline(__always)
    var hasWallet: Bool { flags.load(ordering: .acquiring) & Self.hasWalletFlag != 0 }

    func set(isEnabled: Bool) { set(Self.enabled, isEnabled) }

    func set(wallet: Budget?) {
        walletBudget.withLock { $0 = wallet }
        set(Self.hasWalletFlag, wallet != nil)
    }

    /// As the last commit left it.
    var wallet: Budget? { walletBudget.withLock { $0 } }

    private func set(_ flag: UInt8, _ on: Bool) {
        if on { flags.bitwiseOr(flag, ordering: .acquiringAndReleasing) } else { flags.bitwiseAnd(~flag, ordering: .acquiringAndReleasing) }
    }

    /// Whether memory says that the wallet covers `amount`. An empty one covers nothing, not even 0.
    func walletCovers(_ amount: Int64) -> Bool {
        walletBudget.withLock { wallet in
            guard let wallet, !wallet.unlimited else { return true }
            return wallet.remaining > 0 && wallet.remaining >= amount
        }
    }
}
