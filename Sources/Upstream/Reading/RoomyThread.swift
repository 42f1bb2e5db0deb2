import Glibc

/// Yams builds and frees nodes by recursion, up to the 1,000 levels that libyaml lets pass: too much for a small stack. This
/// runs work on a thread with a stack of its own size.
enum RoomyThread {
    /// In bytes; only touched pages cost memory.
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
            defer { work.release() }
            var attributes = pthread_attr_t()
            guard pthread_attr_init(&attributes) == 0 else { return }
            defer { pthread_attr_destroy(&attributes) }
            guard pthread_attr_setstacksize(&attributes, stackSize) == 0 else { return }
            var thread = pthread_t()
            guard pthread_create(&thread, &attributes, runWork, work.toOpaque()) == 0 else { return }
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
