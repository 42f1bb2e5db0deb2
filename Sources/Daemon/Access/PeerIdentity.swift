import CLinux
import Glibc
import Synchronization

/// Captures the peer of an accepted socket; owns the pidfd, which pins the process: while it lives its pid is not given
/// to another, so what /proc says between two looks at a living pidfd is about the peer.
public final class PeerIdentity: Sendable {
    /// How sure we are that the pid is the peer's.
    enum Pin: Sendable {
        /// `SO_PEERPIDFD` (Linux 6.5): the kernel's own reference to who connected.
        case kernel
        /// `pidfd_open` of a number: the peer may have ended before, and its number been given away. The facts wait for
        /// ``confirmSender(pid:uid:)``.
        case opened
        /// Nothing pins it: unit and executable stay unknown.
        case none
    }

    /// What was read of /proc between two looks at the pidfd.
    private struct Captured: Sendable {
        var startTime: UInt64
        var unit: UnitPath
        var executable: Principal.Executable?
    }

    private struct State: Sendable {
        var principal: Principal
        var captured: Captured?
        /// The captured facts are the principal's.
        var isPublished = false
    }

    private let pin: Pin
    private let pidfd: Int32
    private let facts: any PeerFacts
    private let pid: Int32
    private let uid: UInt32
    /// Locked because accept, loop and status may ask; never on the way of a request.
    private let state: Mutex<State>

    /// Who calls; its unit and executable may become unknown after ``recheck()``.
    public var principal: Principal { state.withLock { $0.principal } }

    /// The facts of /proc are held back until ``confirmSender(pid:uid:)`` (before Linux 6.5).
    public var needsConfirmation: Bool {
        state.withLock { $0.captured != nil && !$0.isPublished }
    }

    /// - Throws: ``PeerIdentityError`` when the kernel does not say who the peer is: then nobody is let in.
    public convenience init(acceptedSocket fd: Int32) throws {
        try self.init(acceptedSocket: fd, facts: ProcFacts())
    }

    convenience init(acceptedSocket fd: Int32, facts: any PeerFacts) throws {
        var pid: Int32 = 0
        var uid = Principal.unknownID
        var gid = Principal.unknownID
        let code = coffer_peer_credentials(fd, &pid, &uid, &gid)
        guard code == 0 else { throw PeerIdentityError.credentials(-code) }
        let principal = Principal(uid: uid, gid: gid, groups: try Self.groups(fd), pid: pid)
        var pidfd = coffer_peer_pidfd(fd)
        var pin = Pin.kernel
        if pidfd < 0 {
            // Only where the kernel is too old to know the option; any other answer means that the peer has ended, and
            // its number may be another's by now.
            pidfd = pidfd == -ENOPROTOOPT && pid > 0 ? coffer_pidfd_open(pid) : -ESRCH
            pin = pidfd < 0 ? .none : .opened
        }
        self.init(principal: principal, pidfd: pidfd, pin: pin, facts: facts)
    }

    /// - Parameter pidfd: becomes this object's; negative for none.
    init(principal: Principal, pidfd: Int32, pin: Pin, facts: any PeerFacts) {
        self.pin = pin
        self.pidfd = pidfd
        self.facts = facts
        pid = principal.pid
        uid = principal.uid
        var first = State(principal: principal, captured: nil)
        if case .none = pin {} else { first.captured = Self.capture(principal.pid, pidfd: pidfd, facts: facts) }
        if case .kernel = pin { Self.publish(&first) }
        state = Mutex(first)
    }

    /// For principals that no socket stands behind (tests, doors).
    convenience init(principal: Principal) {
        self.init(principal: principal, pidfd: -1, pin: .none, facts: ProcFacts())
    }

    deinit {
        if pidfd >= 0 { close(pidfd) }
    }

    /// To be called with the `SCM_CREDENTIALS` of the frame that gives back the handshake's random bytes: who sent it
    /// lived after the pidfd was opened, so with the same pid and uid it is the pinned process, and its facts count.
    /// - Returns: whether it is the peer; otherwise the connection must end.
    public func confirmSender(pid: Int32, uid: UInt32) -> Bool {
        guard isOpener(pid: pid, uid: uid) else { return false }
        if case .opened = pin, isAlive {
            state.withLock { Self.publish(&$0) }
            _ = recheck()
        }
        return true
    }

    /// Whether a message with these credentials comes from the process that connected (classes that check senders).
    public func isOpener(pid: Int32, uid: UInt32) -> Bool { pid > 0 && pid == self.pid && uid == self.uid }

    /// Whether the process that connected still lives; false when nothing pins it.
    public var isAlive: Bool { pidfd >= 0 && coffer_pidfd_alive(pidfd) == 1 }

    /// Reads the facts again. When the process has ended, is another, or runs something else or elsewhere than at accept,
    /// unit and executable become unknown for good. The principal's class must then be asked for anew.
    /// - Returns: whether the facts still hold.
    public func recheck() -> Bool {
        let now = Self.capture(pid, pidfd: pidfd, facts: facts)
        return state.withLock { state in
            if let now, let then = state.captured, now.startTime == then.startTime, now.unit == then.unit,
                now.executable?.device == then.executable?.device, now.executable?.inode == then.executable?.inode {
                return true
            }
            state.captured = nil
            state.principal.unit = nil
            state.principal.userUnit = nil
            state.principal.executable = nil
            return false
        }
    }

    /// The facts, if the same process lived before and after they were read.
    private static func capture(_ pid: Int32, pidfd: Int32, facts: any PeerFacts) -> Captured? {
        guard pid > 0, pidfd >= 0, let startTime = facts.startTime(of: pid) else { return nil }
        let unit = UnitPath(cgroup: facts.cgroup(of: pid))
        let executable = facts.executable(of: pid)
        guard coffer_pidfd_alive(pidfd) == 1, facts.startTime(of: pid) == startTime else { return nil }
        return Captured(startTime: startTime, unit: unit, executable: executable)
    }

    private static func publish(_ state: inout State) {
        guard let captured = state.captured else { return }
        state.isPublished = true
        state.principal.unit = captured.unit.system
        state.principal.userUnit = captured.unit.user
        state.principal.executable = captured.executable
    }

    private static func groups(_ fd: Int32) throws(PeerIdentityError) -> [UInt32] {
        // The kernel's own limit (NGROUPS_MAX); most processes have a handful.
        for capacity in [64, 65_536] {
            var groups = [UInt32](repeating: 0, count: capacity)
            let count = groups.withUnsafeMutableBufferPointer { coffer_peer_groups(fd, $0.baseAddress, UInt32(capacity)) }
            if count >= 0 { return groups.prefix(Int(count)).sorted() }
            if count != -ERANGE { throw .groups(-count) }
        }
        throw .groups(ERANGE)
    }
}

/// The kernel did not say who is at the other end: an errno value.
public enum PeerIdentityError: Error, Hashable, Sendable {
    case credentials(Int32)
    case groups(Int32)
}
