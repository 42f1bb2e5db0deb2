import CofferAccounts
import Testing

@Suite struct ClientAddressTests {
    @Test(arguments: ["1.2.3.4", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "fe80::1:0:0:1", "1::"])
    func whatIsReadIsWrittenTheSame(_ text: String) throws {
        #expect(try #require(ClientAddress(text)).description == text)
    }

    @Test(arguments: [
        ("::ffff:1.2.3.4", "1.2.3.4"), ("::ffff:102:304", "1.2.3.4"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("0:0:0:0:0:0:0:1", "::1"),
    ])
    func otherSpellings(_ text: String, _ expected: String) throws {
        #expect(try #require(ClientAddress(text)).description == expected)
    }

    @Test(arguments: [
        "", ".", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.00", "256.1.1.1", "1.2.3.4 ", " 1.2.3.4", "1..3.4", "1.2.3.", "0x1.2.3.4",
        "1.2.3.-4",
        ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "::12345", "::g", "fe80::1%eth0", "[::1]", "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3", ":1::2", "1:2:3:4:5:6:7:8::", "1:", "::1:", "1:2:3:4:5:6:7::8:9", "１.2.3.4",
    ])
    func refused(_ text: String) {
        #expect(ClientAddress(text) == nil)
    }

    @Test func kinds() throws {
        #expect(try #require(ClientAddress("127.9.9.9")).isLoopback)
        #expect(try #require(ClientAddress("::1")).isLoopback)
        #expect(try #require(ClientAddress("::ffff:127.0.0.1")).isLoopback)
        #expect(try !#require(ClientAddress("128.0.0.1")).isLoopback)
        #expect(try #require(ClientAddress("::")).isUnspecified)
        #expect(try #require(ClientAddress("0.0.0.0")).isUnspecified)
        #expect(try #require(ClientAddress("1.2.3.4")).bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4])
        #expect(ClientAddress("1.2.3.4") == ClientAddress("::ffff:1.2.3.4"))
    }
}
