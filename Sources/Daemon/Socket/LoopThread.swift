import CLinux
import Glibc

/// A thread with a name, for work that blocks.
final class LoopThread: @unchecked Sendable {
    private final class Start {
        let name: String
        let body: @Sendable () -> Void
        let isBackground: Bool
        init(_ name: String, isBackground: Bool, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.isBackground = isBackground
            self.body = body
        }
    }

    private let handle: pthread_t

    /// - Parameters:
    ///   - detached: nobody will ``join()`` it.
    ///   - isBackground: whoever answers a request comes first.
    init(name: String, detached: Bool = false, isBackground: Bool = false, body: @escaping @Sendable () -> Void) throws(SocketError) {
        let start = Unmanaged.passRetained(Start(name, isBackground: isBackground, body))
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
            throw SocketError.system("cannot start a thread", status)
        }
        self.handle = handle
        if detached { pthread_detach(handle) }
    }

    func join() { pthread_join(handle, nil) }
}
