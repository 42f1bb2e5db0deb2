import Glibc

/// Work that may nest deeply runs on a thread with a stack of its own size, since ours may be small: Yams builds and
/// frees nodes by recursion, and 1,000 levels, which libyaml lets pass, overflow a stack of 1 MiB (tried).
enum RoomyThread {
    /// In bytes, far above what 1,000 levels take (below 2 MiB in a release build). Only touched pages cost memory.
    private static let stackSize = 16 << 20

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Waits until `body` is done.
    /// - Returns: nil when there is no memory or no process slot for a thread.
    static func run<T>(_ body: () -> T) -> T? {
        var result: T?
        withoutActuallyEscaping(body) { body in
            let work = Unmanaged.passRetained(Work { result = body() })
            // Also when no thread takes it up.
            defer { work.release() }
            var attributes = pthread_attr_t()
            guard pthread_attr_init(&attributes) == 0 else { return }
            defer { pthread_attr_destroy(&attributes) }
            guard pthread_attr_setstacksize(&attributes, stackSize) == 0 else { return }
            var thread = pthread_t()
            let code = pthread_create(&thread, &attributes, runWork, work.toOpaque())
            guard code == 0 else { return }
            pthread_join(thread, nil)
        }
        return result
    }

    /// Borrows the work: who created the thread waits for it and releases it.
    private static let runWork: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
        if let pointer { Unmanaged<Work>.fromOpaque(pointer).takeUnretainedValue().body() }
        return nil
    }
}
