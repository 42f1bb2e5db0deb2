import CLinux
import CofferAccounts
import CofferAudit
import CofferStore
import CofferWire
import Glibc

/// One client: its buffers, its unfinished requests, and the I/O between. Used on its loop's thread only.
final class Connection {
    let id: ConnectionID
    /// Strong, as it is asked many times in each request: an unowned one would be counted each time. ``close()`` ends the circle.
    let loop: SocketLoop
    let peer: PeerIdentity
    let uid: UInt32
    /// As the loop knows the caller.
    let enteredAs: Principal
    /// 1, or 0 for callers of HTTP doors: their requests are counted there.
    private let weight: UInt64
    var rules = ConnectionRules()
    /// Keeps little: whoever may connect may fill one for each of its connections.
    let input = FlatBuffer(kept: 64 << 10)
    let output = FlatBuffer()
    var unfinished: [UInt32: PendingRequest] = [:]
    var caller: Caller
    /// The caller as the audit log has it; it stays who it is.
    let who: AuditWho
    var nonce = Bytes16.zero
    var tenantName = ""
    /// What the client said in its hello.
    var knowsAuditError = false
    /// Of the policies that ``caller`` was judged by.
    var policyVersion: UInt64 = 0
    var checksSender: Bool
    var isTouched = false
    /// The last change of accounts that was begun: the next one waits for it.
    var lastChange: Task<Void, Never>?

    private(set) var isClosed = false
    private var interest = UInt32(COFFER_READABLE)
    private var peerHasClosed = false
    /// When the handshake must be done, a frame that has begun be whole, and unsent output have moved; 0: nothing is awaited.
    private(set) var handshakeDeadline: UInt64
    private(set) var frameDeadline: UInt64 = 0
    private(set) var sendDeadline: UInt64 = 0

    private static let handshakeTime: UInt64 = 5_000
    private static let frameTime: UInt64 = 30_000
    private static let sendTime: UInt64 = 60_000
    private static let receiveSize = 16 << 10
    /// Bytes of answers that leave before all requests that arrived with theirs are carried out.
    private static let worthSending = 4 << 10
    /// Reads in a row before other connections have their turn.
    private static let readsInTurn = 8

    init(id: ConnectionID, loop: SocketLoop, peer: PeerIdentity, now: UInt64) {
        self.id = id
        self.loop = loop
        self.peer = peer
        let principal = peer.principal
        uid = principal.uid
        enteredAs = principal
        weight = principal.door == Principal.socketDoor ? 1 : 0
        who = loop.who(principal)
        caller = Caller(
            selector: principal.selector, tenant: nil, rights: loop.policies.snapshot.principalClass(for: principal), who: who,
            trail: loop.services.trail)
        policyVersion = loop.policies.version
        checksSender = caller.rights.checksSender || peer.needsConfirmation
        handshakeDeadline = now + Self.handshakeTime
    }

    // MARK: Reading

    func readable() {
        var reads = 0
        while !isClosed && rules.phase != .closing && !isStalled && !isBackedUp && !waitsForMemory && reads < Self.readsInTurn {
            reads += 1
            refreshRights()
            let room = input.reserve(max(Self.receiveSize, missing), isExact: true)
            var pid: Int32 = 0
            var sender: UInt32 = 0
            let count = coffer_receive(id.descriptor, room.baseAddress, room.count, checksSender ? 1 : 0, &pid, &sender)
            if count <= 0 {
                if count == -Int(EAGAIN) { break }
                // The end of the stream, or an error: what is unfinished has nobody to answer to.
                return close()
            }
            input.commit(count)
            if checksSender && !judgeSender(pid: pid, uid: sender) { return }
            process()
            if count < room.count { break }
        }
        pump()
    }

    /// Carries out and sends until nothing more can be done now: what waited in the input for room in the output goes on as soon as there
    /// is room.
    func pump() {
        flush()
        while !isClosed && !isBackedUp && (waitsForOutput || streamsWait) {
            if streamsWait {
                streamsWait = false
                for request in unfinished.values { request.stream?.resume() }
            }
            if waitsForOutput { process() }
            flush()
        }
    }

    /// Bytes that the frame at the front still lacks, as far as known.
    private var missing = 0

    /// What the frame at the front holds of the loop's ``FrameMemory``.
    private var heldMemory = 0
    /// A large frame that has begun to arrive is not read on before there is memory for it.
    private var waitsForMemory = false

    /// Takes memory for a frame that is not whole yet, and gives back what the one before it had.
    private func hold(_ frame: Int) {
        let wanted = frame > FlatBuffer.usualCapacity ? frame : 0
        guard wanted != heldMemory || waitsForMemory else { return }
        loop.giveMemory(heldMemory, self)
        heldMemory = loop.takeMemory(wanted, self) ? wanted : 0
        waitsForMemory = heldMemory != wanted
    }

    /// Carries out the frames that have arrived whole.
    func process() {
        missing = 0
        let begun = frameDeadline
        var isAnother = false
        frameDeadline = 0
        waitsForOutput = false
        guard input.count > 0 else { return }
        loop.refreshReader()
        refreshRights()
        isStalled = false
        while !isClosed && rules.phase != .closing {
            if isBackedUp {
                waitsForOutput = true
                return
            }
            let bytes = input.readable
            if getAll(bytes) {
                isAnother = true
                loop.requests &+= weight &* UInt64(loop.getsAhead.count)
                // Whoever asked may begin with these while the rest is carried out.
                if output.count >= Self.worthSending && input.count > 0 { flush() }
                continue
            }
            switch FrameScan.scan(bytes, limit: rules.frameLimit) {
            case .incomplete(let needed):
                missing = needed - bytes.count
                hold(needed)
                // A frame that comes in small pieces has no more time than one that does not. While it is not read its time stands still.
                if !bytes.isEmpty && !waitsForMemory { frameDeadline = begun != 0 && !isAnother ? begun : loop.now + Self.frameTime }
                return
            case .malformed(let error):
                return fail(Failure(error == .frameTooLong ? .tooLarge : .malformed, error.description))
            case .frame(let header, let body):
                isAnother = true
                if header.kind == .request { loop.requests &+= weight }
                if header.kind == .request && unfinished.count >= Limits.requestsInFlight {
                    isStalled = true
                    return
                }
                handle(header, UnsafeRawBufferPointer(rebasing: bytes[body]))
                input.consume(min(body.upperBound, input.count))
            }
        }
    }

    @inline(__always)
    private func handle(_ header: FrameHeader, _ body: UnsafeRawBufferPointer) {
        if header.operation == Operation.verify.rawValue, header.kind == .request, rules.phase == .open, unfinished.isEmpty, header.requestID != 0 {
            return verify(header.requestID, body)
        }
        let request = unfinished.isEmpty ? nil : unfinished[header.requestID]
        switch rules.judge(header, unfinished: request?.shape) {
        case .hello: hello(header, body)
        case .confirm: confirm(header, body)
        case .begin(let operation): begin(operation, header.requestID, body)
        case .unknown:
            send(.response, header.operation, header.requestID, Failure(.unknownOperation, "there is no operation \(header.operation)"))
        case .cancel, .credit, .chunk, .end:
            if let request { control(header.kind, request, body) }
        case .ignore: break
        case .fail(let code, let message): fail(Failure(code, message))
        }
    }

    /// Too much is unsent: nothing more is read until that changes.
    var isBackedUp: Bool { output.count > Limits.unsentOutput }
    /// One request too many waits at the front of the input until another has finished.
    private var isStalled = false
    /// Frames wait in the input until output has gone.
    private var waitsForOutput = false
    /// A stream has something to send and waits for room in the output.
    var streamsWait = false

    // MARK: Identity

    /// A changed policy reaches open connections with their next request.
    private func refreshRights() {
        let version = loop.policies.version
        guard version != policyVersion else { return }
        judge(version)
    }

    private func judge(_ version: UInt64) {
        let snapshot = loop.policies.snapshot
        var principal = peer.principal
        var rights = snapshot.principalClass(for: principal)
        policyVersion = version
        if rights.checksSender && !checksSender {
            // What is at hand was received without looking at its sender: until the next message the executable counts for nothing.
            checksSender = true
            policyVersion = 0
            principal.executable = nil
            rights = snapshot.principalClass(for: principal)
        }
        caller.rights = rights
        // Tenants come, go and change their names; while the store is locked none is known.
        if !tenantName.isEmpty { caller.tenant = loop.services.accounts.tenants.find(name: Array(tenantName.utf8))?.number }
    }

    /// The rights as they are now, for what is delivered without a request. Where they hang on an executable, only while the process that
    /// opened the connection lives and runs it.
    func currentCaller() -> Caller {
        refreshRights()
        if caller.rights.checksSender && !peer.recheck() { rejudgePeer() }
        return caller
    }

    /// The peer's facts have changed.
    func rejudgePeer() { judge(loop.policies.version) }

    private func judgeSender(pid: Int32, uid: UInt32) -> Bool {
        let isOpener = rules.phase == .confirming ? peer.confirmSender(pid: pid, uid: uid) : peer.isOpener(pid: pid, uid: uid)
        guard isOpener else {
            fail(Failure(.denied, "a message came from another process than the one that opened the connection"))
            return false
        }
        guard caller.rights.checksSender else { return true }
        guard peer.isAlive else {
            fail(Failure(.denied, "the process that opened the connection has ended"))
            return false
        }
        // It may run something else by now.
        if !peer.recheck() { rejudgePeer() }
        return true
    }

    func handshakeDone() { handshakeDeadline = 0 }

    // MARK: Writing

    /// Appends a frame.
    func send<Body: WireMessage>(_ kind: FrameKind, _ operation: UInt16, _ requestID: UInt32, _ body: Body) {
        var encoder = WireEncoder(reserving: 256)
        body.encode(to: &encoder)
        send(kind, operation, requestID, encoder.bytes)
    }

    /// Appends a frame that says no, in words that the client knows.
    func send(_ kind: FrameKind, _ operation: UInt16, _ requestID: UInt32, _ failure: Failure) {
        var failure = failure
        loop.refusals &+= weight
        if failure.code == .auditUnavailable && !knowsAuditError { failure.code = .busy }
        send(kind, operation, requestID, failure.encoded())
    }

    func send(_ kind: FrameKind, _ operation: UInt16, _ requestID: UInt32, _ body: [UInt8]) {
        guard !isClosed else { return }
        let room = output.reserve(FrameHeader.size + body.count)
        guard let base = room.baseAddress else { return }
        FrameHeader(kind: kind, operation: operation, requestID: requestID).write(to: base, bodyLength: body.count)
        UnsafeMutableRawBufferPointer(rebasing: room[FrameHeader.size...]).copyBytes(from: body)
        output.commit(FrameHeader.size + body.count)
    }

    /// Sends the one last frame of a request.
    func finish<Success: WireMessage>(_ request: PendingRequest, _ result: Result<Success, Failure>) {
        guard unfinished.removeValue(forKey: request.id) != nil else { return }
        if case .failure(let failure) = result { noteRefusal(failure, Operation(rawValue: request.operation), request.refusal) }
        switch result {
        case .success(let answer):
            var encoder = WireEncoder(reserving: 256)
            Answer<Success>.success(answer).encode(to: &encoder)
            if encoder.bytes.count + FrameHeader.countedSize > Limits.frame {
                send(request.lastKind, request.operation, request.id, Failure(.tooLarge, "the answer does not fit a frame"))
            } else {
                send(request.lastKind, request.operation, request.id, encoder.bytes)
            }
        case .failure(let failure): send(request.lastKind, request.operation, request.id, failure)
        }
        request.stream?.closed()
        request.stream = nil
    }

    func finish(_ request: PendingRequest, _ failure: Failure) { finish(request, Result<Empty, Failure>.failure(failure)) }

    /// Ends the connection with a failure of its own.
    func fail(_ failure: Failure) {
        guard rules.phase != .closing else { return }
        let duringHandshake = rules.phase != .open
        abandon()
        var short = failure
        if duringHandshake { short.message = String(failure.message.prefix(500)) }
        send(.end, 0, 0, short)
        rules.close()
        flush()
    }

    /// Answers the request at hand with a failure and closes: a handshake that did not succeed.
    func refuse(_ header: FrameHeader, _ failure: Failure) {
        send(.response, header.operation, header.requestID, failure)
        rules.close()
        flush()
    }

    private func abandon() {
        for request in unfinished.values { request.stream?.closed() }
        unfinished.removeAll()
    }

    /// Sends what the kernel takes.
    func flush() {
        guard !isClosed else { return }
        let before = output.count
        while output.count > 0 {
            let bytes = output.readable
            let sent = coffer_send(id.descriptor, bytes.baseAddress, bytes.count)
            if sent == -Int(EAGAIN) { break }
            guard sent > 0 else { return close() }
            output.consume(sent)
        }
        if output.count == 0 {
            sendDeadline = 0
            if rules.phase == .closing { return shutDown() }
        } else if sendDeadline == 0 || output.count < before {
            sendDeadline = loop.now + Self.sendTime
        }
        watchInterest()
        loop.watchTimes(of: self)
    }

    private func watchInterest() {
        var wanted: UInt32 = 0
        if !isBackedUp && !isStalled && !waitsForMemory && rules.phase != .closing { wanted |= UInt32(COFFER_READABLE) }
        if output.count > 0 { wanted |= UInt32(COFFER_WRITABLE) }
        guard wanted != interest else { return }
        interest = wanted
        _ = coffer_epoll_modify(loop.epoll, id.descriptor, wanted, UInt64(UInt32(bitPattern: id.descriptor)))
    }

    func writable() {
        flush()
        guard !isClosed else { return }
        pump()
    }

    // MARK: Time and end

    /// Whether anything about it has a time by which it must happen.
    var isTimed: Bool { handshakeDeadline != 0 || frameDeadline != 0 || sendDeadline != 0 }

    func checkTimes(_ now: UInt64) {
        if handshakeDeadline != 0 && now >= handshakeDeadline {
            return fail(Failure(.deadlineExceeded, "the handshake was not done within 5 s"))
        }
        if frameDeadline != 0 && now >= frameDeadline {
            return fail(Failure(.deadlineExceeded, "a frame was not whole within 30 s"))
        }
        if sendDeadline != 0 && now >= sendDeadline {
            if rules.phase == .closing { return close() }
            fail(Failure(.busy, "the output was not read for 60 s", retry: .now))
        }
    }

    /// Everything is sent: no more will come. What the peer still sends is dropped with the descriptor.
    private func shutDown() { close() }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        abandon()
        loop.remove(self)
        loop.giveMemory(heldMemory, self)
        heldMemory = 0
    }
}
