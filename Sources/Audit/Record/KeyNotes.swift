import CofferStore

/// What records say of keys: which ones, for people.
public enum KeyNotes {
    /// Of a new root key.
    /// - Parameters: numbers of slots.
    public static func root(kept: [UInt32], dropped: [UInt32]) -> String {
        "root: kept \(list(kept)); dropped \(dropped.isEmpty ? "none" : list(dropped))"
    }

    static func text(of change: KeyChange) -> String {
        switch change {
        case .replaced(let id, .limit): "record key \(id) has sealed as much as it may: a new one takes over"
        case .replaced(let id, .age): "record key \(id) has reached its age: a new one takes over"
        case .replaced(let id, .hardware): "record key \(id) is for AES, which this machine does not have: a new one takes over"
        case .leaving(let ids): "record keys \(list(ids)) have reached their age: what they sealed is sealed anew"
        case .dropped(let ids): "record keys \(list(ids)) are dropped: no record names them"
        }
    }

    private static func list(_ ids: [UInt32]) -> String { ids.sorted().map(String.init).joined(separator: ", ") }
}
