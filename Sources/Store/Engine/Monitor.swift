import CLinux
import Glibc

/// A mutex and a condition. The writer and the list worker wait on one each; nothing on the way of a GET does.
package final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Waits end in time, also where the machine's clock is set meanwhile.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func locked<T, E: Error>(_ body: () throws(E) -> T) throws(E) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Gives the mutex up until ``signal()``; may return without one. Only inside ``locked(_:)``.
    package func wait() { pthread_cond_wait(condition, mutex) }

    /// The same, for at most so long.
    package func wait(milliseconds: Int) {
        var deadline = Clock.deadline(milliseconds: milliseconds)
        pthread_cond_timedwait(condition, mutex, &deadline)
    }

    /// The same, for at most so many microseconds.
    package func wait(microseconds: Int) {
        var deadline = Clock.deadline(microseconds: microseconds)
        pthread_cond_timedwait(condition, mutex, &deadline)
    }

    package func signal() { pthread_cond_broadcast(condition) }
}

/// A thread with a name, that can be waited for.
package final class WorkerThread: @unchecked Sendable {
    private final class Start: @unchecked Sendable {
        let name: String
        let body: @Sendable () -> Void
        let isBackground: Bool
        init(name: String, isBackground: Bool, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.isBackground = isBackground
            self.body = body
        }
    }

    private let handle: pthread_t

    /// - Parameter isBackground: whoever answers a request comes first.
    /// - Throws: `system` where the kernel gives no thread.
    package init(name: String, isBackground: Bool = false, body: @escaping @Sendable () -> Void) throws(StoreError) {
        let start = Unmanaged.passRetained(Start(name: name, isBackground: isBackground, body: body))
        var handle = pthread_t()
        let status = pthread_create(&handle, nil, { argument in
            guard let argument else { return nil }
            let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            coffer_name_thread(start.name)
            if start.isBackground { coffer_background_thread() }
            start.body()
            return nil
        }, start.toOpaque())
        guard status == 0 else {
            start.release()
            throw StoreError(.system, "no thread could be started: \(String(cString: strerror(status)))")
        }
        self.handle = handle
    }

    /// On the thread itself it only says that nobody will wait for it.
    package func joinUnlessCurrent() {
        if isCurrent { pthread_detach(handle) } else { pthread_join(handle, nil) }
    }

    package var isCurrent: Bool { pthread_equal(handle, pthread_self()) != 0 }
}
