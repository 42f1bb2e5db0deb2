import CofferAccounts
import HTTPTypes
import NIOCore
import NIOHTTP1

/// A request on its way in.
struct IncomingRequest {
    let id = RequestFacts.requestID()
    let start = NIODeadline.now()
    /// `nil`: nobody claims the path.
    let entry: DoorEntry?
    /// As sent.
    let method: String
    let path: String
    var query = ""
    var version = HTTPVersion.http1_1
    var headers = HTTPFields()
    var body: [UInt8] = []
    var client: ClientAddress
    var isSecure = false
    var keepsAlive = false

    init(entry: DoorEntry?, method: String, path: String, peer: ClientAddress) {
        self.entry = entry
        self.method = method
        self.path = path
        client = peer
    }

    var door: any HTTPDoor { entry?.door ?? UnclaimedPath() }
    var isHead: Bool { method == "HEAD" }

    var call: HTTPCall {
        HTTPCall(
            method: isHead ? "GET" : method, path: path, query: query, headers: headers, body: body, client: client, isSecure: isSecure,
            requestID: id, isHead: isHead)
    }
}

/// Answers where no door claims the path.
struct UnclaimedPath: HTTPDoor {
    let id = "none"
    let claims: [PathClaim] = []

    func route(method: String, path: String) -> HTTPRoute { .unknown }

    func answer(_ call: HTTPCall) async -> HTTPReply { .text(404, "404 page not found\n", route: "unclaimed") }

    func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        .text(refusal.status, refusal.message + "\n", route: "refused")
    }
}
