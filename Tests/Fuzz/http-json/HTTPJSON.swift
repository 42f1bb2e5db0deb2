import CofferAccounts
import CofferJSON
@testable import CofferHTTP
import FuzzSupport

/// Input: a JSON text, as the body of a request.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.run(start, count) { bytes in
        checkText(bytes)
        checkFields(bytes)
    }
}

/// What is read, written and read again is the same; no value is nested deeper than allowed.
private func checkText(_ bytes: [UInt8]) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue.parse(bytes) } catch {
        Harness.check(error.message.unicodeScalars.count < 120, "a message has more of the input in it than one character")
        Harness.check((try? JSONValue.parse(bytes, allowsTrailing: false)) == nil, "a text is JSON only where nothing may follow")
        return
    }
    Harness.check(depth(value) <= JSONValue.maximumDepth, "a value is nested deeper than allowed")
    var text = value.encoded()
    if Plant.spoils { text.append(UInt8(ascii: ",")) }
    guard let again = try? JSONValue.parse(text, allowsTrailing: false) else {
        return Harness.check(false, "what was written is no JSON")
    }
    Harness.check(again == value, "a value is another after it was written and read")
    Harness.check(again.encoded() == text, "a value is written in two ways")
    Harness.check(text.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character is written as it is")
}

private func depth(_ value: JSONValue) -> Int {
    switch value {
    case .array(let items): 1 + (items.map { depth($0) }.max() ?? 0)
    case .object(let fields): 1 + (fields.map { depth($0.1) }.max() ?? 0)
    default: 0
    }
}

/// The fields of new-api's requests: each reader is handed every text, whatever it was meant for.
private func checkFields(_ bytes: [UInt8]) {
    guard let fields = try? NewAPIFields(bytes, type: "Fuzz") else {
        return Harness.check((try? NewAPITokenRequest(bytes)) == nil, "a token is read from what has no fields")
    }
    for name in ["username", "password", "name", "key", "Ids", "group"] {
        _ = try? fields.text(name)
        _ = try? fields.integer(name)
        _ = try? fields.bool(name)
        _ = try? fields.texts(name)
        _ = try? fields.joined(name, separator: ",")
        _ = try? fields.integers(name)
    }
    guard let request = try? NewAPITokenRequest(bytes) else { return }
    if let label = try? request.label() { Harness.check(!label.text.utf8.contains(0), "a label has a zero byte") }
    _ = try? request.addressList()
    if let quota = request.quotaToSet(unlimited: true) { Harness.check(quota >= 0, "a quota below zero is to be set") }
}
