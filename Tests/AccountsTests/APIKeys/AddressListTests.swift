import Testing

@testable import CofferAccounts

@Suite("Address lists of API keys")
struct AddressListTests {
    private func list(_ text: String, has address: String) throws -> Bool {
        let address = try #require(ClientAddress(address))
        return try AddressList(text).contains(address)
    }

    @Test("addresses and networks of both families, between newlines, commas, semicolons and blanks")
    func parse() throws {
        let text = "192.0.2.1\n10.0.0.0/8, 2001:db8::/32;  ::1\r\n\t203.0.113.7/32"
        let list = try AddressList(text)
        #expect(list.text == text && list.ranges.count == 5)
        #expect(list.ranges.map(\.description) == ["192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "::1", "203.0.113.7"])
        for inside in ["192.0.2.1", "10.255.0.1", "2001:db8:ffff::1", "::1", "203.0.113.7", "::ffff:10.0.0.1"] {
            #expect(try self.list(text, has: inside), "\(inside)")
        }
        for outside in ["192.0.2.2", "11.0.0.0", "2001:db9::", "::2", "203.0.113.8", "::10.0.0.1"] {
            #expect(try !self.list(text, has: outside), "\(outside)")
        }
        #expect(try AddressList(" ,;\n").isEmpty)
    }

    @Test("v4-mapped networks count from 128 bits; bits behind the prefix do not matter")
    func mapped() throws {
        #expect(try list("::ffff:10.0.0.0/104", has: "10.9.9.9"))
        #expect(try !list("::ffff:10.0.0.0/104", has: "11.9.9.9"))
        #expect(try list("10.1.2.3/8", has: "10.9.9.9"))
        #expect(try list("0.0.0.0/0", has: "255.1.1.1"))
        #expect(try !list("0.0.0.0/0", has: "2001:db8::1"))
        // Networks of IPv6 hold no IPv4.
        #expect(try !list("::/0", has: "1.2.3.4"))
        #expect(try list("::/0", has: "2001:db8::1"))
        #expect(try list("2001:db8::/65", has: "2001:db8::7fff:ffff:ffff:ffff"))
        #expect(try !list("2001:db8::/65", has: "2001:db8::8000:0:0:0"))
    }

    @Test(
        "garbage is refused, and named",
        arguments: ["nonsense", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/+8", "10.0.0.1/08", "10.0.0.1/8/8", "::1/129", "010.0.0.1", "1.2.3", "/8", "fe80::1%eth0", "*", "10.0.0.1:80", "١٠.0.0.1"]
    )
    func garbage(_ entry: String) throws {
        let error = #expect(throws: AccountError.self) { try AddressList("192.0.2.1, \(entry)") }
        #expect(error?.code == .invalidArgument && error?.field == "addresses")
        #expect(error?.message.contains(entry) == true)
    }

    @Test("bounded")
    func bounded() throws {
        #expect(throws: AccountError.self) { try AddressList(String(repeating: " ", count: APIKeyLimits.addressText + 1)) }
        #expect(throws: AccountError.self) { try AddressList(String(repeating: "::1 ", count: APIKeyLimits.addresses + 1)) }
    }
}
