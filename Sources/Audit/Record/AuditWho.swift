import CofferStore

/// Who did it: what the door knew when it was done. Immutable, encoded once: one caller reads many names.
public final class AuditWho: Sendable {
    /// How the store writes it down: `uid:1001`, `login:ada`.
    public let selector: String
    /// ``unknownUID`` where the door has none.
    public let uid: UInt32
    /// 0: unknown.
    public let pid: Int32
    /// `socket`, `admin`, `newapi`, …
    public let door: String
    /// Of HTTP callers, as text; empty on the socket.
    public let address: String
    /// What else was known, as selectors.
    public let selectors: [String]
    /// What the address is one of, where a client has many; not written down.
    let network: String
    let encoded: [UInt8]

    public static let unknownUID = UInt32.max
    /// Whoever is nobody: the daemon itself.
    public static let daemon = AuditWho(selector: "daemon")
    /// So many that they are not told apart.
    static let others = AuditWho(selector: "others")

    private static let longest = 255
    private static let most = 32

    /// - Parameter network: whose addresses count as one caller's; `nil`: the address by itself.
    public init(
        selector: String, uid: UInt32 = unknownUID, pid: Int32 = 0, door: String = "", address: String = "", network: String? = nil,
        selectors: [String] = []
    ) {
        self.selector = Self.short(selector)
        self.uid = uid
        self.pid = pid
        self.door = Self.short(door)
        self.address = Self.short(address)
        self.network = network.map(Self.short) ?? self.address
        self.selectors = selectors.prefix(Self.most).map(Self.short)
        var writer = FieldWriter(reserving: 64)
        writer.text(self.selector)
        writer.u32(uid)
        writer.u32(UInt32(bitPattern: pid))
        writer.text(self.door)
        writer.text(self.address)
        writer.u8(UInt8(self.selectors.count))
        for selector in self.selectors { writer.text(selector) }
        encoded = writer.bytes
    }

    init(from reader: inout FieldReader) throws(StoreError) {
        let start = reader
        selector = try reader.text()
        uid = try reader.u32()
        pid = Int32(bitPattern: try reader.u32())
        door = try reader.text()
        address = try reader.text()
        network = address
        var selectors: [String] = []
        for _ in 0..<(try reader.u8()) { selectors.append(try reader.text()) }
        self.selectors = selectors
        var again = start
        encoded = try again.raw(reader.position - start.position)
    }

    /// Without what only a single act has.
    var brief: AuditWho { AuditWho(selector: selector, uid: uid, door: door, address: address, network: network) }

    private static func short(_ text: String) -> String {
        text.utf8.count <= longest ? text : String(decoding: text.utf8.prefix(longest), as: UTF8.self)
    }

    /// Whether a selector, or the beginning `door:`, `uid:`, …, is one of this caller's.
    public func matches(_ wanted: String) -> Bool {
        selector == wanted || selectors.contains(wanted) || "door:\(door)" == wanted || "uid:\(uid)" == wanted && uid != Self.unknownUID
            || "pid:\(pid)" == wanted && pid != 0 || "address:\(address)" == wanted && !address.isEmpty
    }
}

extension AuditWho: Equatable {
    public static func == (left: AuditWho, right: AuditWho) -> Bool { left.encoded == right.encoded }
}
