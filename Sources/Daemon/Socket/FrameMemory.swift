/// What large frames that are not whole yet may hold in memory, on one loop: each user some, all together some more.
///
/// Whoever may connect may send the head of a large frame and half of it, on each of its connections, without any right. Small frames fit the
/// memory that every connection has; a large one waits, unread, until those before it are whole or their time is over.
struct FrameMemory {
    /// Bytes.
    static let ofOneUser = 16 << 20
    static let ofAll = 64 << 20

    private(set) var total = 0
    private var held: [UInt32: Int] = [:]

    /// - Returns: false where there is no room now.
    mutating func take(_ bytes: Int, uid: UInt32) -> Bool {
        let own = held[uid, default: 0]
        guard own + bytes <= Self.ofOneUser, total + bytes <= Self.ofAll else { return false }
        held[uid] = own + bytes
        total += bytes
        return true
    }

    mutating func give(_ bytes: Int, uid: UInt32) {
        guard bytes > 0 else { return }
        let left = held[uid, default: 0] - bytes
        held[uid] = left > 0 ? left : nil
        total -= bytes
    }
}
