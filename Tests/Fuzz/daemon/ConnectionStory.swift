@testable import CofferDaemon
import CofferWire
import FuzzSupport

/// What a connection's rules make of frames, from `accept` on: the handshake comes first and once, nothing is begun before it, and what is
/// at fault ends it.
struct ConnectionStory {
    private var rules = ConnectionRules()
    private var unfinished: [UInt32: ConnectionRules.Unfinished] = [:]
    private var greetings = 0
    private var confirmations = 0
    private var hasFailed = false

    static func check(_ bytes: [UInt8]) {
        var story = ConnectionStory()
        var rest = bytes[...]
        while !rest.isEmpty {
            let result = rest.withUnsafeBytes { FrameScan.scan($0, limit: story.rules.frameLimit) }
            guard case .frame(let header, let body) = result else { return }
            let frame = Array(rest)
            story.take(header, Array(frame[body]))
            rest = rest.dropFirst(body.upperBound)
        }
    }

    private mutating func take(_ header: FrameHeader, _ body: [UInt8]) {
        let isOpen = greetings == 1 && confirmations == 1 && !hasFailed
        let verdict = rules.judge(header, unfinished: unfinished[header.requestID])
        if hasFailed { Harness.check(verdict == .ignore, "a frame counts behind the end") }
        switch verdict {
        case .hello:
            Harness.check(greetings == 0 && header.requestID != 0, "a second hello is taken")
            // As the connection does: a body that is none ends it.
            guard (try? Request<HelloRequest>(decoding: body)) != nil else { return fail() }
            greetings += 1
            rules.greeted()
        case .confirm:
            Harness.check(greetings == 1 && confirmations == 0, "confirm is taken before hello, or twice")
            guard (try? Request<ConfirmRequest>(decoding: body)) != nil else { return fail() }
            confirmations += Plant.spoils ? 2 : 1
            rules.confirmed()
            Harness.check(confirmations == 1, "the handshake was done more than once")
        case .begin(let operation):
            Harness.check(isOpen, "a request is begun before the handshake is done")
            Harness.check(unfinished[header.requestID] == nil, "an id is used twice at once")
            begin(operation, header.requestID)
        case .unknown: Harness.check(isOpen, "an operation is looked at before the handshake is done")
        case .cancel: unfinished[header.requestID] = nil
        case .chunk:
            guard case .up(let operation, let credit) = unfinished[header.requestID], credit > 0 else {
                return Harness.check(false, "a chunk is taken without credit")
            }
            unfinished[header.requestID] = .up(operation, credit: credit - 1)
        case .end:
            guard case .up(let operation, _) = unfinished[header.requestID] else { return Harness.check(false, "an end of nothing is taken") }
            unfinished[header.requestID] = .finishing(operation)
        case .credit:
            guard case .down = unfinished[header.requestID] else { return Harness.check(false, "credit is taken for what takes none") }
        case .ignore: break
        case .fail(_, let message):
            Harness.check(!message.isEmpty, "a connection ends without a word")
            fail()
        }
    }

    private mutating func fail() {
        hasFailed = true
        rules.close()
    }

    private mutating func begin(_ operation: Operation, _ id: UInt32) {
        switch operation {
        case .list, .export, .watch, .tokenWatch: unfinished[id] = .down(operation.rawValue)
        case .import, .accountImport: unfinished[id] = .up(operation.rawValue, credit: 2)
        default: unfinished[id] = id % 2 == 0 ? nil : .single(operation.rawValue)
        }
    }
}
