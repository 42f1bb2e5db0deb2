@testable import CofferStore

/// Gathers the answers of `submit`.
final class Collected<T: Sendable>: @unchecked Sendable {
    private let monitor = Monitor()
    private var results: [Result<T, StoreError>] = []

    func add(_ result: Result<T, StoreError>) {
        monitor.locked {
            results.append(result)
            monitor.signal()
        }
    }

    func results(_ count: Int) -> [Result<T, StoreError>] {
        monitor.locked {
            while results.count < count { monitor.wait() }
            return results
        }
    }

    func wait(_ count: Int) throws -> [T] { try results(count).map { try $0.get() } }
}

/// Runs `body` on so many threads and waits for all.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let threads = (0..<count).compactMap { number in try? WorkerThread(name: "test-\(number)") { body(number) } }
    for thread in threads { thread.joinUnlessCurrent() }
}
