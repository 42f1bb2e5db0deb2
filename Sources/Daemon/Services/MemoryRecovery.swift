import CofferAccounts
import CofferCredentials
import Dispatch
import Synchronization

/// Fills memory again that could not be filled from an open store.
///
/// Accounts, credentials and policies follow the store. Where one of them cannot read what it must, it forgets everything and lets nobody
/// in. That may have been a moment without memory or descriptors, so it is tried again each second: nobody has to restart the daemon.
final class MemoryRecovery: Sendable {
    private let accounts: Accounts
    private let credentials: Credentials
    private let policies: PolicyService
    private let queue = DispatchQueue(label: "coffer.recovery")
    private let timer = Mutex<(any DispatchSourceTimer)?>(nil)

    init(accounts: Accounts, credentials: Credentials, policies: PolicyService) {
        self.accounts = accounts
        self.credentials = credentials
        self.policies = policies
    }

    func start() {
        timer.withLock { [queue, accounts, credentials, policies] timer in
            let fresh = DispatchSource.makeTimerSource(queue: queue)
            fresh.schedule(deadline: .now() + 1, repeating: 1)
            fresh.setEventHandler {
                guard accounts.hasFailed || credentials.hasFailed || policies.hasFailed else { return }
                // In the order in which they are told of commits: the later ones look things up in the earlier.
                accounts.readAgainIfFailed()
                credentials.readAgainIfFailed()
                // In any case: it is what makes connections look again.
                policies.readAgain()
            }
            fresh.activate()
            timer = fresh
        }
    }

    /// Returns when the last try is over. Before what it reads into is stopped.
    func stop() {
        timer.withLock { timer in
            timer?.cancel()
            timer = nil
        }
        queue.sync {}
    }
}
