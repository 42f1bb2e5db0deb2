@testable import CofferUpstream
import Testing

@Suite struct AddressTests {
    private func allows(_ text: String, _ rules: AddressRules = .standard, namesLoopback: Bool = false) throws -> Bool {
        rules.allows(try #require(IPAddress(text)), namesLoopback: namesLoopback)
    }

    @Test(arguments: [
        "169.254.169.254", "169.254.0.1", "100.100.100.200", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "255.255.255.255",
        "fe80::1", "febf::1", "ff02::1", "::", "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
        "::169.254.169.254",
    ])
    func refusesAlways(_ text: String) throws {
        #expect(try !allows(text, namesLoopback: true))
        #expect(try allows(text, AddressRules(allowed: ["0.0.0.0/0", "::/0"])))
    }

    @Test(arguments: ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"])
    func loopbackOnlyByName(_ text: String) throws {
        #expect(try !allows(text))
        #expect(try allows(text, namesLoopback: true))
    }

    @Test(arguments: ["10.0.0.1", "192.168.1.1", "172.16.0.1", "8.8.8.8", "100.100.100.201", "fd00:ec2::255", "2001:db8::1", "fec0::1", "223.255.255.255"])
    func allowsOthers(_ text: String) throws {
        #expect(try allows(text))
    }

    @Test func exceptionsAreExact() throws {
        let rules = try AddressRules(allowed: ["169.254.1.0/24", "fe80::1", "127.0.0.2"])
        #expect(try allows("169.254.1.255", rules))
        #expect(try !allows("169.254.2.0", rules))
        #expect(try allows("fe80::1", rules))
        #expect(try !allows("fe80::2", rules))
        #expect(try allows("127.0.0.2", rules))
        #expect(try !allows("127.0.0.1", rules))
    }

    @Test(arguments: ["", "10.0.0.0/33", "10.0.0/8", "fe80::/129", "10.0.0.0/-1", "10.0.0.0/", "host", "1.2.3.4/8/9", "fe80::1%eth0"])
    func refusesBadRanges(_ text: String) {
        #expect(throws: ProviderError.self) { try AddressRules(allowed: [text]) }
    }

    // MARK: URLs

    @Test(arguments: [
        "ftp://host/", "host", "", "http://", "http:///path", "https://user:pw@host/", "http://host:0/", "http://host:65536/", "http://host:x/",
        "http://ho st/", "http://host/a b", "http://host/#f", "http://host\\@evil/", "http://host/\u{0}", "http://host/ü", "file:///etc/passwd",
        "http://[::1/", "http://[127.0.0.1]/", "http://[::1]x/", "gopher://host/", "javascript:alert(1)", "http://ex%61mple/",
    ])
    func refusesURL(_ text: String) {
        #expect(throws: ProviderError.self) { try UpstreamURL(Array(text.utf8)) }
    }

    @Test func readsURL() throws {
        let url = try UpstreamURL(Array("HTTPS://Example.org:8443/a//b?c=d".utf8))
        #expect(url.scheme == "https")
        #expect(url.host == "example.org")
        #expect(url.port == 8443)
        #expect(String(decoding: url.rest, as: UTF8.self) == "/a//b?c=d")
    }

    @Test(arguments: [("http://localhost/", true), ("http://127.1.2.3:80/", true), ("http://[::1]/", true), ("http://LOCALHOST", true),
        ("http://2130706433/", false), ("http://127.1/", false), ("http://[::ffff:127.0.0.1]/", false), ("http://localhost.example/", false),
        ("http://0177.0.0.1/", false)])
    func namesLoopback(_ text: String, _ names: Bool) throws {
        #expect(try UpstreamURL(Array(text.utf8)).namesLoopback == names)
    }

    /// decimal, octal, hexadecimal, short and mapped spellings of 169.254.169.254 and 127.0.0.1.
    @Test(arguments: [
        "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:a9fe:a9fe]/", "http://169.254.169.254./", "http://2130706433/", "http://0x7f.1/", "http://0/", "http://[::ffff:7f00:1]/",
    ])
    func oddNumbersAreRefused(_ url: String) {
        #expect(throws: ProviderError("sample.call.url", "leads to an address that is not allowed")) {
            try Samples.call("url: \"{url}\"", ["url": url])
        }
        // At a proxy just the same.
        #expect(throws: ProviderError("sample.call.url", "leads to an address that is not allowed")) {
            try Samples.call("url: \"{url}\"", ["url": url], proxy: "http://proxy.example:3128")
        }
    }

    // MARK: Proxies

    @Test(arguments: [
        ("http://proxy", "http://proxy:80"), ("https://proxy/", "https://proxy:443"), ("socks5://proxy", "socks5h://proxy:1080"),
        ("SOCKS5://user:p%40ss@Proxy:99", "socks5h://user:p%40ss@proxy:99"), ("http://a:b@c@127.0.0.1:1", "http://a:b%40c@127.0.0.1:1"),
        ("socks5h://[::1]:5", "socks5h://[::1]:5"), ("http://u@h:1", "http://u@h:1"), ("http://u:a:b@h:1", "http://u:a%3Ab@h:1"),
    ])
    func normalisesProxy(_ given: String, _ normal: String) throws {
        #expect(text(try ProxyAddress.normalised(secret(given), rules: .standard)) == normal)
    }

    @Test(arguments: [
        "proxy:80", "socks4://proxy", "socks4a://proxy", "ftp://proxy", "://proxy", "http://", "http://proxy/path", "http://proxy:0", "http://169.254.169.254:80",
        "socks5://0xa9fea9fe", "http://pro xy", "http://u:%zz@proxy", "http://u:%0a@proxy", "http://proxy?x", "http://proxy#x", "http://[fe80::1]:80", "direct",
    ])
    func refusesProxy(_ given: String) {
        #expect(throws: ProviderError.self) { try ProxyAddress.normalised(secret(given), rules: .standard) }
        #expect(throws: ProviderError.self) { try Samples.call("url: https://example.org/", [:], proxy: given) }
    }
}
