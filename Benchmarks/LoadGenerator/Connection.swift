import CLinux
import Glibc

/// One socket with its buffers and its unfinished requests. All memory is taken when it opens.
final class Connection<T: Target> {
    struct Slot {
        var key: UInt64 = 0
        var start: UInt64 = 0
        var kind = Kind.get
        var busy = false
    }

    let fd: Int32
    let depth: Int
    private let target: T
    private let slots: UnsafeMutablePointer<Slot>
    /// The slots that are free; used as a stack, or, where answers come in order, not at all.
    private let free: UnsafeMutablePointer<Int>
    private var oldest = 0
    private(set) var inFlight = 0

    private let input: UnsafeMutableRawPointer
    private let inputCapacity: Int
    private var inputCount = 0
    private let output: UnsafeMutableRawPointer
    private let outputCapacity: Int
    private var outputStart = 0
    private var outputEnd = 0

    init(path: String, depth: Int, target: T) {
        self.depth = depth
        self.target = target
        fd = connectUnix(path)
        target.greet(fd)
        guard fcntl(fd, F_SETFL, O_NONBLOCK) == 0 else { fail("fcntl: \(describe(errno))") }
        slots = .allocate(capacity: depth)
        slots.initialize(repeating: Slot(), count: depth)
        free = .allocate(capacity: depth)
        for slot in 0..<depth { free[slot] = depth - 1 - slot }
        // Room for the longest answer behind whatever is left of the one before it, and for an error's message.
        inputCapacity = max(262_144, 2 * target.longestAnswer + 16_384)
        input = .allocate(byteCount: inputCapacity, alignment: 64)
        // Unsent requests are unfinished ones: there are never more than `depth`.
        outputCapacity = depth * target.longestRequest
        output = .allocate(byteCount: outputCapacity, alignment: 64)
    }

    deinit {
        close(fd)
        slots.deallocate()
        free.deallocate()
        input.deallocate()
        output.deallocate()
    }

    var canSend: Bool {
        @inline(__always) get { inFlight < depth }
    }

    var hasUnsent: Bool { outputStart < outputEnd }

    /// Puts a request into the output buffer.
    @inline(__always)
    func add(_ kind: Kind, key: UInt64, at time: UInt64) {
        let slot = T.answersInOrder ? (oldest + inFlight) % depth : free[depth - 1 - inFlight]
        inFlight += 1
        slots[slot] = Slot(key: key, start: time, kind: kind, busy: true)
        if outputCapacity - outputEnd < target.longestRequest {
            memmove(output, output + outputStart, outputEnd - outputStart)
            outputEnd -= outputStart
            outputStart = 0
        }
        outputEnd += target.writeRequest(kind, key: key, slot: slot, at: output + outputEnd)
    }

    /// Sends what the socket takes.
    func flush() {
        while outputStart < outputEnd {
            let sent = send(fd, output + outputStart, outputEnd - outputStart, Int32(MSG_NOSIGNAL))
            if sent < 0 {
                if errno == EAGAIN { return }
                if errno == EINTR { continue }
                fail("send: \(describe(errno))")
            }
            outputStart += sent
        }
        outputStart = 0
        outputEnd = 0
    }

    /// Reads once. Returns the time at which the bytes were here.
    func receive() -> UInt64? {
        let count = recv(fd, input + inputCount, inputCapacity - inputCount, 0)
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return nil }
            fail("recv: \(describe(errno))")
        }
        if count == 0 { fail("the server closed a connection") }
        inputCount += count
        return now()
    }

    /// Takes every whole answer out of the input: `finished` gets the request and, where the answer is wrong, why.
    @inline(__always)
    func drain(_ finished: (Slot, String?) -> Void) {
        var at = 0
        scan: while at < inputCount {
            let rest = UnsafeRawBufferPointer(start: input + at, count: inputCount - at)
            let parsed = target.parse(rest) { tag in
                let slot = T.answersInOrder ? oldest : tag
                guard slot >= 0, slot < depth, slots[slot].busy else { return nil }
                return (slots[slot].kind, slots[slot].key)
            }
            switch parsed {
            case .incomplete:
                if rest.count == inputCapacity { fail("an answer longer than \(inputCapacity) bytes") }
                break scan
            case .good(let tag, let consumed):
                at += consumed
                finished(release(tag), nil)
            case .bad(let tag, let consumed, let what):
                at += consumed
                finished(release(tag), what)
            case .broken(let what):
                fail("the answers cannot be followed: \(what)")
            }
        }
        if at > 0, at < inputCount { memmove(input, input + at, inputCount - at) }
        inputCount -= at
    }

    @inline(__always)
    private func release(_ tag: Int) -> Slot {
        let slot = T.answersInOrder ? oldest : tag
        inFlight -= 1
        if T.answersInOrder {
            oldest = (oldest + 1) % depth
        } else {
            free[depth - 1 - inFlight] = slot
        }
        slots[slot].busy = false
        return slots[slot]
    }
}
