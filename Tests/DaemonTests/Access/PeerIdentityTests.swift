import CLinux
import Glibc
import Synchronization
import Testing

@testable import CofferDaemon

/// A process that changes between two looks.
final class ChangingFacts: PeerFacts {
    struct Facts: Sendable {
        var startTimes: [UInt64?]
        var cgroup: String? = "/system.slice/web.service"
        var executable: Principal.Executable? = Principal.Executable(device: 1, inode: 2, path: "/bin/x")
    }

    let facts: Mutex<Facts>
    init(_ facts: Facts) { self.facts = Mutex(facts) }

    /// Each start time once, the last for ever.
    func startTime(of pid: Int32) -> UInt64? {
        facts.withLock { $0.startTimes.count > 1 ? $0.startTimes.removeFirst() : $0.startTimes.first ?? nil }
    }
    func cgroup(of pid: Int32) -> String? { facts.withLock { $0.cgroup } }
    func executable(of pid: Int32) -> Principal.Executable? { facts.withLock { $0.executable } }
}

@Suite struct PeerIdentityTests {
    private let me = Principal(uid: 1001, gid: 100, pid: getpid())

    /// A pidfd of this process, which lives as long as the tests.
    private func identity(_ facts: any PeerFacts, pin: PeerIdentity.Pin = .kernel) -> PeerIdentity {
        PeerIdentity(principal: me, pidfd: coffer_pidfd_open(getpid()), pin: pin, facts: facts)
    }

    private func isUnknown(_ principal: Principal) -> Bool {
        principal.unit == nil && principal.userUnit == nil && principal.executable == nil
    }

    @Test func ownProcess() throws {
        var pair: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { pair.forEach { close($0) } }
        let identity = try PeerIdentity(acceptedSocket: pair[0])
        let principal = identity.principal
        #expect(principal.uid == getuid() && principal.gid == getgid() && principal.pid == getpid())
        var groups = [gid_t](repeating: 0, count: 1024)
        let count = getgroups(1024, &groups)
        #expect(principal.groups == groups.prefix(Int(max(count, 0))).sorted())
        #expect(identity.isAlive && identity.recheck())
        #expect(identity.isOpener(pid: getpid(), uid: getuid()) && !identity.isOpener(pid: getpid() + 1, uid: getuid()))
        #expect(!identity.isOpener(pid: getpid(), uid: getuid() + 1))
        if identity.confirmSender(pid: getpid(), uid: getuid()) {
            var status = stat()
            #expect(stat("/proc/self/exe", &status) == 0)
            #expect(identity.principal.executable?.inode == UInt64(status.st_ino))
        }
        #expect(identity.principal.selectors.first == "uid:\(getuid())")
        #expect(identity.principal.selectors.last == "door:socket")
    }

    @Test func noSocketIsAnError() {
        #expect(throws: PeerIdentityError.self) { try PeerIdentity(acceptedSocket: -1) }
    }

    @Test func facts() {
        let identity = identity(ChangingFacts(.init(startTimes: [7])))
        #expect(identity.principal.unit == "web.service" && identity.principal.executable?.inode == 2)
        #expect(identity.recheck())
    }

    /// The pid was given to another process while /proc was read.
    @Test func pidReuseWhileReading() {
        #expect(isUnknown(identity(ChangingFacts(.init(startTimes: [7, 8]))).principal))
        #expect(isUnknown(identity(ChangingFacts(.init(startTimes: [7, nil]))).principal))
        #expect(isUnknown(identity(ChangingFacts(.init(startTimes: [nil]))).principal))
    }

    /// … or later: unknown for good, even if the old facts come back.
    @Test func pidReuseLater() {
        let facts = ChangingFacts(.init(startTimes: [7]))
        let identity = identity(facts)
        facts.facts.withLock { $0.startTimes = [8] }
        #expect(!identity.recheck() && isUnknown(identity.principal))
        facts.facts.withLock { $0.startTimes = [7] }
        #expect(!identity.recheck() && isUnknown(identity.principal))
    }

    @Test func anotherProgramOrUnitLater() {
        let first = ChangingFacts(.init(startTimes: [7]))
        let one = identity(first)
        first.facts.withLock { $0.executable?.inode = 3 }
        #expect(!one.recheck() && isUnknown(one.principal))
        let second = ChangingFacts(.init(startTimes: [7]))
        let two = identity(second)
        second.facts.withLock { $0.cgroup = "/system.slice/other.service" }
        #expect(!two.recheck() && isUnknown(two.principal))
    }

    /// Before Linux 6.5 the facts wait for the handshake's echo.
    @Test func openedPidfdNeedsTheEcho() {
        let identity = identity(ChangingFacts(.init(startTimes: [7])), pin: .opened)
        #expect(identity.needsConfirmation && isUnknown(identity.principal))
        #expect(!identity.confirmSender(pid: getpid() + 1, uid: 1001) && !identity.confirmSender(pid: getpid(), uid: 1002))
        #expect(identity.needsConfirmation && isUnknown(identity.principal))
        #expect(identity.confirmSender(pid: getpid(), uid: 1001))
        #expect(!identity.needsConfirmation && identity.principal.unit == "web.service")
        let facts = ChangingFacts(.init(startTimes: [7]))
        let changed = self.identity(facts, pin: .opened)
        facts.facts.withLock { $0.startTimes = [8] }
        #expect(changed.confirmSender(pid: getpid(), uid: 1001) && isUnknown(changed.principal))
    }

    @Test func unpinnedAndEndedProcessesAreUnknown() throws {
        let facts = ChangingFacts(.init(startTimes: [7]))
        #expect(isUnknown(PeerIdentity(principal: me, pidfd: -1, pin: .none, facts: facts).principal))
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { arguments.forEach { free($0) } }
        try #require(posix_spawn(&pid, "/bin/true", nil, nil, &arguments, nil) == 0)
        let pidfd = coffer_pidfd_open(pid)
        try #require(pidfd >= 0)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let ended = PeerIdentity(principal: Principal(uid: 0, pid: pid), pidfd: pidfd, pin: .kernel, facts: facts)
        #expect(!ended.isAlive && isUnknown(ended.principal))
    }

    /// A made-up /proc: there is no systemd on the build machines (decisions 25).
    @Test func madeUpTree() throws {
        let folder = try TemporaryFolder()
        _ = try folder.folder("42")
        let fields = (4...52).map { "\($0 * 10)" }.joined(separator: " ")
        try folder.file("42/stat", Array("42 (evil) R 22 22) S \(fields)\n".utf8))
        try folder.file("42/cgroup", Array("12:pids:/x\n1:name=systemd:/system.slice/v1.service\n0::/system.slice/foo.slice/web.service\n".utf8))
        let program = try folder.file("program", [1])
        _ = try folder.link("42/exe", to: program)
        let facts = ProcFacts(root: folder.path)
        #expect(facts.startTime(of: 42) == 220)
        #expect(UnitPath(cgroup: facts.cgroup(of: 42)).system == "foo.slice/web.service")
        #expect(facts.executable(of: 42)?.path == program)
        #expect(facts.executable(of: 42)?.inode == SystemFiles().executable(at: program)?.inode)
        #expect(facts.startTime(of: 43) == nil && facts.cgroup(of: 43) == nil && facts.executable(of: 43) == nil)
        try folder.file("42/stat", Array("42 (short) S 1 2 3\n".utf8))
        #expect(facts.startTime(of: 42) == nil)
        #expect(ProcFacts().startTime(of: getpid()) != nil)
    }

    @Test(arguments: [
        ("/system.slice/web.service", "web.service", nil), ("/system.slice", nil, nil), ("/system.slice/", nil, nil), ("/", nil, nil),
        ("/user.slice/user-1.slice/a.service", nil, "user-1.slice/a.service"), ("/../system.slice/web.service", nil, nil),
        ("/docker/x/system.slice/web.service", nil, nil), ("/system.slicer/web.service", nil, nil),
        ("/system.slice/web.service (deleted)", "web.service (deleted)", nil),
    ] as [(String, String?, String?)])
    func units(cgroup: String, system: String?, user: String?) {
        let unit = UnitPath(cgroup: cgroup)
        #expect(unit.system == system && unit.user == user)
    }
}
