import CofferAdmin
import CofferClient
import Synchronization

/// Connects callers of the admin API to the socket's loops, as who they are. The socket is made behind the doors: until then nobody comes in.
final class InsideGate: AdminGate {
    private let server = Mutex<SocketServer?>(nil)

    func open(_ server: SocketServer) { self.server.withLock { $0 = server } }

    /// The server and its doors hold each other no longer.
    func close() { server.withLock { $0 = nil } }

    func connect(as caller: AdminIdentity) throws(ClientError) -> Int32 {
        guard let server = server.withLock({ $0 }) else { throw .unreachable("the daemon is starting or stopping") }
        var principal = Principal(door: "admin", login: caller.login, roles: [caller.role], token: caller.token)
        principal.administers = caller.administers
        principal.address = caller.address
        do throws(SocketError) { return try server.connect(as: principal) } catch { throw .unreachable(error.description) }
    }
}
