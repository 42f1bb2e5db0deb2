import CofferAccounts
@testable import CofferHTTP
import FuzzSupport

/// What is an address or a range is written as a text that is read as the same.
enum AddressTexts {
    static func check(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let address = ClientAddress(text) {
            let written = address.description + (Plant.spoils ? "0" : "")
            Harness.check(ClientAddress(written) == address, "an address is another after it was written and read")
            Harness.check(written == written.lowercased() && written.utf8.count <= 39, "an address is written in an odd way")
            Harness.check(address.bytes.count == 16 && address.isV4 == (address.v4 != nil), "an address is of both families or of none")
            Harness.check(AddressRange(text)?.contains(address) == true, "an address is not in the range of its own text")
        }
        if let range = AddressRange(text) {
            Harness.check(AddressRange(range.description) == range, "a range is another after it was written and read")
            Harness.check(range.contains(range.network), "a range does not hold its own network")
        }
        if let ranges = try? TrustedProxies.read([text], key: "fuzz") {
            for range in ranges { Harness.check(range.prefix > 0 && text != "*", "a range of everybody is trusted") }
        }
        if let address = ListenAddress(text) {
            // `:3000` is written as `[::]:3000`, which is the same address.
            Harness.check(ListenAddress(address.description) == address, "a listening address is another after it was written and read")
        }
        if let list = try? AddressList(text) {
            Harness.check(list.text == text, "a list of addresses has another text")
            for range in list.ranges { Harness.check(list.contains(range.network), "a list does not hold one of its networks") }
        }
    }
}
