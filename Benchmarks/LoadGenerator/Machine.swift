import CLinux
import Glibc

/// Nanoseconds of a clock that never jumps.
@inline(__always)
func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

/// Ends the program with a sentence: a measurement that went wrong has no number.
func fail(_ message: String) -> Never {
    let line = "coffer-bench: " + message + "\n"
    _ = line.withCString { write(2, $0, strlen($0)) }
    exit(1)
}

func describe(_ error: Int32) -> String { String(cString: strerror(error)) }

/// The four bytes of an IPv4 address; `nil`: it is none.
func bytes(ofAddress text: String) -> [UInt8]? {
    var address = in_addr()
    guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
    return withUnsafeBytes(of: &address) { Array($0) }
}

/// Keeps this process on one CPU, so that generator and server do not take turns on one.
func pin(to cpu: Int) {
    // glibc has it, its Swift module does not: it stands behind _GNU_SOURCE.
    typealias Call = @convention(c) (pid_t, Int, UnsafeRawPointer) -> Int32
    guard let symbol = dlsym(nil, "sched_setaffinity") else { fail("--pin-cpu: no sched_setaffinity") }
    // cpu_set_t: 1,024 bits in words, whose bytes stand little-endian here.
    var set = [UInt8](repeating: 0, count: 128)
    guard cpu >= 0, cpu < set.count * 8 else { fail("--pin-cpu \(cpu): no such CPU") }
    set[cpu / 8] |= 1 << UInt8(cpu % 8)
    guard unsafeBitCast(symbol, to: Call.self)(0, set.count, set) == 0 else { fail("--pin-cpu \(cpu): \(describe(errno))") }
}

/// The CPU time that a process has used, all its threads, those that ended too.
struct ServerClock {
    private let pid: pid_t
    private var clock: clockid_t = 0
    private let exact: Bool

    init(pid: Int32) {
        self.pid = pid
        // The kernel's clock of another process counts nanoseconds; /proc/PID/schedstat is one thread's only.
        exact = clock_getcpuclockid(pid, &clock) == 0
        if read() == nil { fail("--server-pid \(pid): cannot read its CPU time") }
    }

    func read() -> UInt64? {
        if exact {
            var time = timespec()
            guard clock_gettime(clock, &time) == 0 else { return nil }
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
        guard let file = fopen("/proc/\(pid)/stat", "r") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 1_024)
        let length = fread(&buffer, 1, buffer.count - 1, file)
        let text = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The command's name may hold spaces and brackets: count fields behind its last bracket.
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[bracket...].split(separator: " ")
        guard fields.count > 13, let user = UInt64(fields[12]), let system = UInt64(fields[13]) else { return nil }
        return (user + system) * 1_000_000_000 / UInt64(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// The counter of a process that runs under Tests/Tools/malloccount. Read while the connections are open and warm:
/// so what they cost when they opened is not in the difference.
struct AllocationCounter {
    private let counter: UnsafeRawPointer

    init(path: String) {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { fail("--allocation-file \(path): \(describe(errno))") }
        defer { close(fd) }
        var facts = stat()
        guard fstat(fd, &facts) == 0, facts.st_size >= 4_096 else { fail("--allocation-file \(path): no counter is in it") }
        guard let memory = mmap(nil, 4_096, PROT_READ, MAP_SHARED, fd, 0), memory != MAP_FAILED else {
            fail("--allocation-file \(path): \(describe(errno))")
        }
        counter = UnsafeRawPointer(memory)
        guard counter.load(fromByteOffset: 16, as: UInt64.self) != 0 else { fail("--allocation-file \(path): nobody counts into it") }
    }

    func read() -> (calls: UInt64, bytes: UInt64) {
        (counter.load(as: UInt64.self), counter.load(fromByteOffset: 8, as: UInt64.self))
    }
}

/// A connected Unix stream socket, still blocking.
func connectUnix(_ path: String) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { fail("--socket: the path is too long") }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { fail("socket: \(describe(errno))") }
    let result = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    guard result == 0 else { fail("cannot connect to \(path): \(describe(errno))") }
    // The greeting is blocking: a server that accepts and stays silent must not hold us for ever.
    var limit = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    return fd
}

/// xorshift64*: the same keys in each run with the same seed.
struct Random {
    private var state: UInt64

    init(seed: UInt64) { state = seed | 1 }

    @inline(__always)
    mutating func next(below limit: UInt64) -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return (state &* 0x2545_F491_4F6C_DD1D).multipliedFullWidth(by: limit).high
    }
}
