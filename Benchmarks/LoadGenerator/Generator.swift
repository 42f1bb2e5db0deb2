import CLinux
import Glibc

/// What one phase measured.
struct Measurement {
    var operations: UInt64 = 0
    var nanoseconds: UInt64 = 0
    var serverNanoseconds: UInt64?
    /// The generator's own CPU time: near 100 % of a CPU, it and not the server is what was measured.
    var ownNanoseconds: UInt64 = 0
    /// Calls and bytes, where the server runs under Tests/Tools/malloccount.
    var allocations: (calls: UInt64, bytes: UInt64)?
    /// Wrong answers by name.
    var errors: [String: Int] = [:]
    /// Keys whose put failed, where they were asked for.
    var failedKeys: [UInt64] = []
}

/// Keeps every connection full: each answer is followed by a new request, until the phase is over; then it waits
/// for the last answer, so that what is counted, timed and charged to the server is the same requests.
final class Generator<T: Target> {
    /// When a phase stops sending.
    enum Limit {
        case nanoseconds(UInt64)
        case operations(UInt64)
    }

    /// Which requests a phase sends.
    enum Work {
        /// Random keys below `keys`; so many of a hundred are reads, of this kind.
        case random(keys: UInt64, readPercent: UInt64, read: Kind)
        /// These keys, each written once.
        case write([UInt64])
    }

    private static var mostEvents: Int { 256 }

    let histogram = Histogram()
    private let connections: [Connection<T>]
    private let clock: ServerClock?
    private let poll: Int32
    private var random: Random

    init(path: String, connections count: Int, depth: Int, target: T, clock: ServerClock?, seed: UInt64) {
        connections = (0..<count).map { _ in Connection(path: path, depth: depth, target: target) }
        self.clock = clock
        random = Random(seed: seed)
        poll = coffer_epoll_create()
        guard poll >= 0 else { fail("epoll: \(describe(-poll))") }
        for index in 0..<count {
            let result = coffer_epoll_add(poll, connections[index].fd, UInt32(COFFER_READABLE), UInt64(index))
            guard result >= 0 else { fail("epoll: \(describe(-result))") }
        }
    }

    deinit { close(poll) }

    /// Whether a connection also waits for room in its socket.
    private func watch(_ index: Int, output: Bool) {
        let flags = UInt32(output ? COFFER_READABLE | COFFER_WRITABLE : COFFER_READABLE)
        let result = coffer_epoll_modify(poll, connections[index].fd, flags, UInt64(index))
        guard result >= 0 else { fail("epoll: \(describe(-result))") }
    }

    func run(_ work: Work, limit: Limit) -> Measurement {
        histogram.reset()
        var result = Measurement()
        var issued: UInt64 = 0
        var inFlight = 0
        let events = UnsafeMutablePointer<coffer_event>.allocate(capacity: Self.mostEvents)
        defer { events.deallocate() }
        var waitsForOutput = [Bool](repeating: false, count: connections.count)

        let serverBefore = clock?.read()
        let ownBefore = now(CLOCK_PROCESS_CPUTIME_ID)
        let start = now()
        var sending = true
        let (most, end): (UInt64, UInt64) =
            switch limit {
            case .operations(let count): (count, .max)
            case .nanoseconds(let duration): (.max, start + duration)
            }

        func fill(_ index: Int, at time: UInt64) {
            let connection = connections[index]
            while sending, connection.canSend {
                guard issued < most else { break }
                switch work {
                case .random(let keys, let readPercent, let read):
                    let kind: Kind = readPercent >= 100 || random.next(below: 100) < readPercent ? read : .put
                    connection.add(kind, key: random.next(below: keys), at: time)
                case .write(let keys):
                    connection.add(.put, key: keys[Int(issued)], at: time)
                }
                issued += 1
                inFlight += 1
            }
            connection.flush()
            if connection.hasUnsent != waitsForOutput[index] {
                waitsForOutput[index] = connection.hasUnsent
                watch(index, output: connection.hasUnsent)
            }
        }

        for index in connections.indices { fill(index, at: now()) }
        var last = start
        while inFlight > 0 {
            let ready = coffer_epoll_wait(poll, events, Int32(Self.mostEvents), 1_000)
            if ready < 0 { fail("epoll: \(describe(-ready))") }
            if ready == 0, now() - last > 30_000_000_000 {
                fail("no answer for 30 seconds, \(inFlight) requests are unanswered")
            }
            for at in 0..<Int(ready) {
                let index = Int(events[at].token)
                guard let time = connections[index].receive() else {
                    fill(index, at: now())
                    continue
                }
                connections[index].drain { slot, wrong in
                    histogram.add(time &- slot.start)
                    inFlight -= 1
                    result.operations += 1
                    guard let wrong else { return }
                    result.errors[wrong, default: 0] += 1
                    if case .write = work { result.failedKeys.append(slot.key) }
                }
                last = time
                if time >= end { sending = false }
                fill(index, at: now())
            }
        }
        result.nanoseconds = last - start
        result.ownNanoseconds = now(CLOCK_PROCESS_CPUTIME_ID) - ownBefore
        if let before = serverBefore, let after = clock?.read() { result.serverNanoseconds = after - before }
        return result
    }
}
