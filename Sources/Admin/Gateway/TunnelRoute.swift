import CofferAccounts
import CofferHTTP
import CofferStore

/// The native protocol over HTTP: the command line and the client library work through it, with every operation that the socket has
/// (protocol.md, "Over HTTP").
enum TunnelRoute {
    static let name = "coffer"

    static var route: AdminRoute {
        AdminRoute(
            "GET", "/v1/socket", "openSocket", tag: "socket", "Upgrade: coffer. The connection goes on with the binary protocol of protocol.md",
            headers: ["Upgrade"], status: 101
        ) { call in
            let caller = try call.requireCaller()
            // A page of another site can make a browser send its cookie, but no token.
            guard !caller.isSession else {
                throw AdminFailure(status: 403, code: "denied", message: "a personal access token is needed, a session does not do")
            }
            guard call.http.header("Upgrade")?.lowercased() == name, (call.http.header("Connection") ?? "").lowercased().contains("upgrade") else {
                throw AdminFailure(status: 426, code: "upgrade-required", message: "send Connection: Upgrade and Upgrade: \(name)", upgrade: name)
            }
            let api = call.api
            let home = api.accounts.tenants.find(caller.user.home)?.name.description ?? "main"
            let identity = caller.identity(tenant: home)
            var reply = AdminReply(status: 101)
            reply.tunnel = HTTPTunnel(name: name, goesOn: { api.accounts.isLocked || api.sessions.goesOn(caller) }) {
                try api.clients.gate.connect(as: identity)
            }
            return reply
        }
    }
}
