// `timespec` belongs to whichever C module the compiler saw first: all of ours are imported, so that it is found in each build.
import CLMDB
import CLinux
import CSodium
import Glibc

package enum Clock {
    /// Unix milliseconds of the machine's clock.
    package static var wall: UInt64 { UInt64(max(milliseconds(CLOCK_REALTIME), 0)) }

    /// Milliseconds since some moment; never goes back.
    package static var monotonic: Int { milliseconds(CLOCK_MONOTONIC) }

    static var monotonicMicroseconds: Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
    }

    private static func milliseconds(_ clock: clockid_t) -> Int {
        var now = timespec()
        clock_gettime(clock, &now)
        return now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
    }

    /// So many milliseconds from now, on the clock that nobody sets.
    static func deadline(milliseconds: Int) -> timespec { deadline(microseconds: milliseconds * 1_000) }

    static func deadline(microseconds: Int) -> timespec {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        deadline.tv_sec += microseconds / 1_000_000
        deadline.tv_nsec += (microseconds % 1_000_000) * 1_000
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        return deadline
    }
}
