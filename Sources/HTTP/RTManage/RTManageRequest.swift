import CofferJSON

/// A request on its way through the door.
struct RTManageRequest: Sendable {
    let call: HTTPCall
    let operation: RTManageOperation
    /// As a selector, for log and store.
    static let principal = "door:rtmanage"

    /// The body, read as Go's binding reads it.
    func body() throws(RTManageFailure) -> RTManageBody { try RTManageBody(call.body) }

    /// The one id that a body has.
    func id() throws(RTManageFailure) -> Int64 { try body().id() }
}

/// The fields of a body: first all are decoded, then those that must be there are looked for (compat/rtmanage.md 1.0).
struct RTManageBody: Sendable {
    private let fields: GoFields

    init(_ bytes: [UInt8]) throws(RTManageFailure) {
        do throws(JSONError) { fields = try GoFields(bytes, type: "", value: "struct") } catch { throw .binding(error.message) }
    }

    func text(_ name: String) throws(RTManageFailure) -> String { try Self.read { () throws(JSONError) in try fields.text(name) } ?? "" }
    func integer(_ name: String) throws(RTManageFailure) -> Int64 { try Self.read { () throws(JSONError) in try fields.integer(name) } ?? 0 }
    func bool(_ name: String) throws(RTManageFailure) -> Bool? { try Self.read { () throws(JSONError) in try fields.bool(name) } }
    func texts(_ name: String) throws(RTManageFailure) -> [String]? { try Self.read { () throws(JSONError) in try fields.texts(name) } }
    func object(_ name: String) throws(RTManageFailure) -> [(String, JSONValue)]? {
        try Self.read { () throws(JSONError) in try fields.object(name) }
    }
    func map(_ name: String) throws(RTManageFailure) -> [String: String]? { try Self.read { () throws(JSONError) in try fields.map(name) } }

    func wideInteger(_ name: String) throws(RTManageFailure) -> Int64 {
        try Self.read { () throws(JSONError) in try fields.integer(name, "int64") } ?? 0
    }

    func id() throws(RTManageFailure) -> Int64 {
        let id = try wideInteger("id")
        try Self.require([("ID", id != 0)])
        return id
    }

    /// Not longer than the bound of batches.
    func ids() throws(RTManageFailure) -> [Int64] {
        let ids = try Self.read { () throws(JSONError) in try fields.integers("ids", "int64") }
        try Self.require([("IDs", ids != nil)])
        return try Self.bounded(ids ?? [], "ids")
    }

    static func bounded<Item>(_ items: [Item], _ name: String) throws(RTManageFailure) -> [Item] {
        guard items.count <= RTManageBounds.batch else {
            throw .binding("\(name) has \(items.count) items; at most \(RTManageBounds.batch) are taken at once")
        }
        return items
    }

    /// - Parameter fields: Go's name of each field that must be there, and whether it is.
    static func require(_ fields: [(name: String, isThere: Bool)]) throws(RTManageFailure) {
        let missing = fields.filter { !$0.isThere }.map {
            "Key: '\($0.name)' Error:Field validation for '\($0.name)' failed on the 'required' tag"
        }
        guard missing.isEmpty else { throw .binding(missing.joined(separator: "\n")) }
    }

    private static func read<Value>(_ read: () throws(JSONError) -> Value) throws(RTManageFailure) -> Value {
        do throws(JSONError) { return try read() } catch { throw .binding(error.message) }
    }
}
