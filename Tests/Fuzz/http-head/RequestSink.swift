@testable import CofferHTTP
import FuzzSupport
import NIOCore
import NIOHTTP1

/// What became of a stream of bytes.
struct Outcome: Equatable {
    /// A request that was read to its end.
    struct Request: Equatable {
        var method = ""
        var uri = ""
        var version = ""
        /// Name and value, as bytes: strings compare by what people see.
        var headers: [[UInt8]] = []
        var trailers: [[UInt8]] = []
        var body: [UInt8] = []
    }

    var requests: [Request] = []
    /// Refused by the scanner, the parser or the rules behind it: nothing is read any more.
    var isRefused = false
    /// A request came that ends the connection in good order.
    var isLast = false
}

/// Stands where ``HTTPConnection`` stands and tells the gate what that tells it, but answers at once and on this thread.
///
/// Not the connection itself: its answers come from tasks, which the embedded event loop cannot wait for.
final class RequestSink: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private enum State { case head, body, answering, refused }

    let limits: HTTPLimits
    let gate: RequestGate
    let tap: LineTap
    /// Whether an answer is out before the parser has returned.
    let answersAtOnce: Bool
    private var state = State.head
    private var request = Outcome.Request()
    private(set) var outcome = Outcome()

    init(limits: HTTPLimits, gate: RequestGate, tap: LineTap, answersAtOnce: Bool) {
        self.limits = limits
        self.gate = gate
        self.tap = tap
        self.answersAtOnce = answersAtOnce
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if state == .refused { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            Harness.check(state == .head, "a head came while another request was being read or answered")
            headWasRead(head)
        case .body(let bytes):
            Harness.check(state == .body, "a body came without a head")
            request.body += bytes.readableBytesView
            if request.body.count > limits.maxBody { refuse() }
        case .end(let trailers):
            Harness.check(state == .body, "an end came without a head")
            request.trailers = Self.bytes(trailers ?? [:])
            outcome.requests.append(request)
            state = .answering
            gate.requestEnded()
            if answersAtOnce { answered() }
        }
    }

    var isAnswering: Bool { state == .answering }

    /// Lets the next request through, where there may be one.
    func answered() {
        guard state == .answering else { return }
        if outcome.isLast {
            state = .refused
            gate.discard()
        } else {
            state = .head
            tap.nextRequest()
            gate.nextRequest()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if state != .refused { refuse() }
    }

    private func refuse() {
        state = .refused
        outcome.isRefused = true
        gate.discard()
    }

    /// The checks of ``HTTPConnection``, in its order.
    private func headWasRead(_ head: HTTPRequestHead) {
        request = Outcome.Request()
        request.method = head.method.rawValue
        request.uri = head.uri
        request.version = "\(head.version)"
        request.headers = Self.bytes(head.headers)
        HeadRules.check(head, limits)
        guard RequestFacts.target(head.uri) != nil, head.method != .CONNECT, head.headers["host"].count == 1,
            head.headers.first(name: "host")?.isEmpty == false, head.headers.count <= limits.maxFields
        else { return refuse() }
        let length: Int?
        switch RequestFacts.body(head) {
        case .ambiguous: return refuse()
        case .chunks: length = nil
        case .length(let number):
            Harness.check(number >= 0, "a body has less than no bytes")
            guard number <= limits.maxBody else { return refuse() }
            length = number
        }
        outcome.isLast = !head.isKeepAlive || head.headers.contains(name: "upgrade")
        state = .body
        gate.headWasRead(bodyLength: length)
    }

    private static func bytes(_ headers: HTTPHeaders) -> [[UInt8]] {
        headers.map { Array($0.name.utf8) + [UInt8(ascii: ":")] + Array($0.value.utf8) }
    }
}
