import Glibc

enum SystemError {
    /// What `errno` says, for people.
    static func text(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
}
