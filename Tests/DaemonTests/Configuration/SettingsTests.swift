import Testing

@testable import CofferDaemon

@Suite struct SettingsTests {
    private let places = ["HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/1"]

    private func file(_ text: String) throws(ConfigurationErrors) -> ConfigurationFile {
        try ConfigurationFile.parse(text, path: "f.yaml")
    }

    private func messages(_ text: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try file(text)
            return []
        } catch {
            return error.messages
        }
    }

    @Test func allErrorsAtOnceWithTheirLines() {
        let found = messages("""
            # a comment
            socket: /run/x.sock
            sokcet: /run/y.sock
            loops: many
            quota: [1, 2]
            log_level: loud
            """)
        #expect(found.count == 4)
        #expect(found.first?.hasPrefix("f.yaml:3: unknown setting 'sokcet'") == true)
        #expect(found.dropFirst().first == "f.yaml:4: 'loops' must be a number from 1 to 64")
        #expect(found.dropFirst(2).first == "f.yaml:5: 'quota' must have a plain value")
        #expect(found.last?.hasPrefix("f.yaml:6: 'log_level' must be one of trace") == true)
    }

    @Test func aDoubleDoesNotHideTheRest() {
        let found = messages("quota: 1GiB\nloops: 0\nquota: 2GiB\nwhat: 1\n")
        #expect(found.count == 3)
        #expect(found.first == "f.yaml:3: 'quota' is set twice; it stands in line 1 already")
        #expect(found.dropFirst().first == "f.yaml:2: 'loops' must be a number from 1 to 64")
        #expect(found.last?.hasPrefix("f.yaml:4: unknown setting 'what'") == true)
    }

    @Test func emptyFilesAreFine() throws {
        for text in ["", "\n", "# only a comment\n", "---\n"] { #expect(try file(text).values.isEmpty) }
    }

    @Test func whatIsNoMappingIsRefused() {
        for text in ["- a\n", "just text\n", "a: b: c\n", "quota: 1\nquota: 2\n", "{", "loops: *x\n"] { #expect(messages(text).count == 1, "\(text)") }
    }

    @Test func flagsBeforeEnvironmentBeforeFile() throws {
        var environment = places
        environment["COFFER_LOOPS"] = "3"
        environment["COFFER_STORE"] = "/env/store"
        let settings = try Settings.load(
            flags: ["store": "/flag/store", "key_file": "/k", "socket": "/s"], configuration: "/dev/null", environment: environment)
        #expect(settings.store == "/flag/store")
        #expect(settings.loops == 3)
        #expect(settings.logLevel == "info")
    }

    @Test func errorsNameTheirSource() {
        var environment = places
        environment["COFFER_LOOPS"] = "0"
        do throws(ConfigurationErrors) {
            _ = try Settings.load(flags: ["quota": "-1", "socket_mode": "777"], configuration: "/nowhere/c.yaml", environment: environment)
            Issue.record("bad settings were taken")
        } catch {
            #expect(error.messages.count == 4)
            #expect(error.messages.contains { $0.hasPrefix("/nowhere/c.yaml:") })
            #expect(error.messages.contains { $0.hasPrefix("COFFER_LOOPS ") })
            #expect(error.messages.contains { $0.hasPrefix("--quota ") })
            #expect(error.messages.contains { $0.hasPrefix("--socket-mode ") })
        }
    }

    @Test func theKeyDoesNotLieInTheStore() {
        #expect(throws: ConfigurationErrors.self) {
            try Settings.load(
                flags: ["store": "/a/b", "key_file": "/a/./b/c/key", "socket": "/s"], configuration: "/dev/null", environment: [:])
        }
    }

    @Test(arguments: [
        ("0", 0), ("123", 123), ("1KiB", 1_024), ("320MiB", 320 << 20), ("10GiB", 10 << 30), ("7B", 7), ("1TiB", 1 << 40),
    ])
    func sizes(_ text: String, _ bytes: Int) { #expect(SettingValue.size(text, 0...Int.max) == bytes) }

    @Test(arguments: ["", "-1", "1.5GiB", "GiB", "1 GiB", "1gib", "99999999999TiB", "0x10"])
    func badSizes(_ text: String) { #expect(SettingValue.size(text, 0...Int.max) == nil) }

    @Test func modes() {
        #expect(SettingValue.mode("0660") == 0o660)
        #expect(SettingValue.mode("0o600") == 0o600)
        for text in ["", "1", "0770", "0888", "01660", "rw"] { #expect(SettingValue.mode(text) == nil, "\(text)") }
    }
}
