import Glibc

/// Who runs this command.
enum SystemIdentity {
    static var uid: UInt32 { geteuid() }
}
