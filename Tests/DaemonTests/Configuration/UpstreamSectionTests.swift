import Testing

@testable import CofferDaemon

/// docs/configuration.md, "Upstream".
@Suite struct UpstreamSectionTests {
    private func messages(_ text: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try ConfigurationFile.parse(text, path: "f.yaml")
            return []
        } catch {
            return error.messages
        }
    }

    @Test func whatIsWrittenIsRead() throws {
        let file = try ConfigurationFile.parse("""
            upstream:
              allow: [10.0.0.0/8, "fd00::/8", 169.254.169.254]
              ca_file: /etc/coffer/ca.pem
              providers:
                openai: { auth: "http://127.0.0.1:9" }
                mine: { api: "https://mine.example" }
            """, path: "f.yaml")
        #expect(file.upstream == UpstreamConfiguration(
            allow: ["10.0.0.0/8", "fd00::/8", "169.254.169.254"], authorities: "/etc/coffer/ca.pem",
            providers: ["openai": ["auth": "http://127.0.0.1:9"], "mine": ["api": "https://mine.example"]]))
        #expect(try ConfigurationFile.parse("", path: "f.yaml").upstream == UpstreamConfiguration())
    }

    @Test func allErrorsAtOnceWithTheirLines() {
        let found = messages("""
            upstream:
              allow: [10.0.0.0/8, everything]
              ca_file: ca.pem
              proxy: http://x
              providers:
                openai:
                  auth: ftp://x
                mine: http://x
            """)
        #expect(found.count == 5, "\(found)")
        for (line, text) in [(2, "'upstream.allow'"), (3, "'upstream.ca_file'"), (4, "unknown setting 'upstream.proxy'"), (7, "openai"), (8, "mine")] {
            #expect(found.contains { $0.hasPrefix("f.yaml:\(line): ") && $0.contains(text) }, "\(line) \(text): \(found)")
        }
    }

    @Test func aBuiltInProviderHasTheURLsThatItHas() {
        let found = messages("upstream:\n  providers:\n    openai: { nowhere: \"http://127.0.0.1:9\" }\n")
        #expect(found.count == 1 && found.first?.contains("nowhere") == true, "\(found)")
    }

    @Test func whatIsNoMappingIsRefused() {
        for text in ["upstream: 7\n", "upstream: []\n", "upstream:\n  providers: []\n", "upstream:\n  allow: 10.0.0.0/8\n"] {
            #expect(messages(text).count == 1, "\(text)")
        }
    }

    @Test func aMissingFileOfAuthoritiesStopsTheStart() async throws {
        await #expect(throws: ConfigurationErrors.self) {
            try await RunningDaemon.with(adjust: { $0.upstream.authorities = "/nowhere/ca.pem" }) { _ in }
        }
    }
}
