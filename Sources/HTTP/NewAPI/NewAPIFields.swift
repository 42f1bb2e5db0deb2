import CofferJSON

/// The fields of a request's body (compat/newapi.md 1.12); what Go's decoder refuses becomes the door's failure.
struct NewAPIFields: Sendable {
    private let fields: GoFields

    /// - Parameter type: the struct's name, for messages.
    init(_ body: [UInt8], type: String) throws(NewAPIFailure) {
        fields = try Self.reading { () throws(JSONError) in try GoFields(body, type: type, value: "model.\(type)") }
    }

    func text(_ name: String) throws(NewAPIFailure) -> String? { try Self.reading { () throws(JSONError) in try fields.text(name) } }
    func integer(_ name: String, _ goType: String = "int") throws(NewAPIFailure) -> Int64? {
        try Self.reading { () throws(JSONError) in try fields.integer(name, goType) }
    }
    func bool(_ name: String) throws(NewAPIFailure) -> Bool? { try Self.reading { () throws(JSONError) in try fields.bool(name) } }
    func texts(_ name: String) throws(NewAPIFailure) -> [String]? { try Self.reading { () throws(JSONError) in try fields.texts(name) } }
    func integers(_ name: String) throws(NewAPIFailure) -> [Int64]? {
        try Self.reading { () throws(JSONError) in try fields.integers(name) }
    }

    /// A string, or an array of strings joined by `separator`.
    func joined(_ name: String, separator: String) throws(NewAPIFailure) -> String? {
        try Self.reading { () throws(JSONError) in try fields.joined(name, separator: separator) }
    }

    private static func reading<Value>(_ read: () throws(JSONError) -> Value) throws(NewAPIFailure) -> Value {
        do throws(JSONError) { return try read() } catch { throw NewAPIFailure(.decoder(error.message)) }
    }
}
