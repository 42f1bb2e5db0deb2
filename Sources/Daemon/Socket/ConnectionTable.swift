/// The connections of a loop by their descriptors: small numbers, so that finding one is one load and no hash.
struct ConnectionTable {
    private var slots: [Connection?] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var all: [Connection] { slots.compactMap(\.self) }

    subscript(_ descriptor: Int32) -> Connection? {
        @inline(__always) get {
            let slot = Int(descriptor)
            return slot >= 0 && slot < slots.count ? slots[slot] : nil
        }
        set {
            let slot = Int(descriptor)
            guard slot >= 0 else { return }
            if slot >= slots.count { slots += repeatElement(nil, count: slot + 1 - slots.count) }
            if slots[slot] != nil { count -= 1 }
            if newValue != nil { count += 1 }
            slots[slot] = newValue
        }
    }
}
