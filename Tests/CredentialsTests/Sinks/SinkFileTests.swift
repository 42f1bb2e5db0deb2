import CofferStore
import Foundation
import Glibc
import Testing

@testable import CofferCredentials

@Suite final class SinkFileTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/coffer-sink-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CredentialError(.failed, "", "no folder for a test") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private var path: String { folder + "/tokens.json" }
    private func buffer(_ text: String) -> SecretBuffer { SecretBuffer(Array(text.utf8)) }
    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    private func write(_ text: String, mode: mode_t = 0o600) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        chmod(path, mode)
    }

    private func word(_ present: SinkFile.Present) -> String {
        switch present {
        case .same: "same"
        case .missing: "missing"
        case .ours: "ours"
        case .foreign(let bytes): "foreign:" + withExtendedLifetime(bytes) { String(decoding: bytes.bytes, as: UTF8.self) }
        }
    }

    @Test func writtenWholeAndForNobodyElse() throws {
        let old = umask(0)
        defer { umask(old) }
        let file = try SinkFile(path)
        #expect(word(try file.present(buffer("a"), ours: [])) == "missing")
        // What a crash left behind.
        try "left".write(toFile: folder + "/.tokens.json.coffer-new", atomically: false, encoding: .utf8)
        try file.replace(with: buffer("a"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "a" && mode(path) == 0o600)
        #expect(try names() == ["tokens.json"])
        #expect(word(try file.present(buffer("a"), ours: [])) == "same")
        try file.replace(with: buffer(""))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
    }

    @Test func whatIsOursAndWhatIsNot() throws {
        let file = try SinkFile(path)
        try write("old")
        let ours = SinkFile.digest(buffer("old"))
        #expect(word(try file.present(buffer("new"), ours: [[], ours])) == "ours")
        #expect(word(try file.present(buffer("new"), ours: [])) == "foreign:old")
        // The right content, but others may read it: written again, and nothing is worth keeping.
        try write("new", mode: 0o644)
        #expect(word(try file.present(buffer("new"), ours: [])) == "ours")
    }

    @Test func whatSomebodyElseWroteIsKept() throws {
        let file = try SinkFile(path)
        let name = try file.keep(buffer("theirs"), now: utc("2026-01-31T23:59") + 59_000)
        #expect(name == "tokens.json.changed-20260131T235959")
        let second = try file.keep(buffer("more"), now: utc("2026-01-31T23:59") + 59_000)
        #expect(second == "tokens.json.changed-20260131T235959-2")
        #expect(try String(contentsOfFile: folder + "/" + name, encoding: .utf8) == "theirs" && mode(folder + "/" + name) == 0o600)
    }

    @Test(arguments: [
        "", "tokens.json", "./x", "/", "/a//b", "/a/../b", "/a/./b", "/a/", "/a\u{0}b", "/a\nb", "/" + String(repeating: "x", count: 201),
        "/" + String(repeating: "x/", count: 2_100) + "y",
    ])
    func aPathThatIsNoneIsRefused(path: String) async {
        #expect(await scheduleRefusal { _ = try SinkFile(path) } == "invalidArgument:path")
    }

    @Test func placesThatAreRefused() async throws {
        func refusal() async -> String {
            await scheduleRefusal {
                let file = try SinkFile(self.path)
                _ = try file.place()
                _ = try file.present(self.buffer("a"), ours: [])
                try file.replace(with: self.buffer("a"))
            }
        }
        #expect(await scheduleRefusal { _ = try SinkFile(self.folder + "/none/x").place() } == "invalidArgument:path")
        #expect(await scheduleRefusal { _ = try SinkFile("/etc/hostname/x").place() } == "invalidArgument:path")
        for mode in [0o777, 0o770, 0o1777] as [mode_t] {
            chmod(folder, mode)
            #expect(await refusal() == "invalidArgument:path")
        }
        chmod(folder, 0o700)
        symlink("/etc/passwd", path)
        #expect(await refusal() == "invalidArgument:path")
        unlink(path)
        mkdir(path, 0o700)
        #expect(await refusal() == "invalidArgument:path")
        rmdir(path)
        mkfifo(path, 0o600)
        #expect(await refusal() == "invalidArgument:path")
        unlink(path)
        #expect(await refusal() == "")
    }

    /// Whoever can write to a folder above can put another one in its place.
    @Test func foldersThatOthersCouldReplace() async throws {
        mkdir(folder + "/open", 0o700)
        mkdir(folder + "/open/in", 0o755)
        mkdir(folder + "/safe", 0o755)
        symlink(folder + "/safe", folder + "/open/link")
        symlink(folder + "/open/in", folder + "/link")
        func refusals() async -> [String] {
            var words: [String] = []
            for path in ["/open/in/x", "/open/link/x", "/link/x", "/safe/x"] {
                words.append(await scheduleRefusal { _ = try SinkFile(self.folder + path).place() })
            }
            return words
        }
        #expect(await refusals() == ["", "", "", ""])
        let no = "invalidArgument:path"
        for mode in [0o777, 0o720] as [mode_t] {
            chmod(folder + "/open", mode)
            #expect(await refusals() == [no, no, no, ""])
        }
        // Of a sticky folder nobody can take away what is not theirs.
        chmod(folder + "/open", 0o1777)
        #expect(await refusals() == ["", "", "", ""])
    }

    @Test func filesThatTheDaemonLivesOn() async throws {
        try write("key")
        mkdir(folder + "/keys", 0o700)
        symlink(folder, folder + "/again")
        link(path, folder + "/other")
        let own = [path, folder + "/keys/not-yet"]
        for name in ["/tokens.json", "/again/tokens.json", "/other", "/keys/not-yet"] {
            #expect(await scheduleRefusal { _ = try SinkFile(self.folder + name, sparing: own).place() } == "invalidArgument:path", "\(name)")
            #expect(
                await scheduleRefusal { try SinkFile(self.folder + name, sparing: own).replace(with: self.buffer("x")) } == "invalidArgument:path")
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "key")
        #expect(await scheduleRefusal { _ = try SinkFile(self.folder + "/keys/tokens.json", sparing: own).place() } == "")
        #expect(try SinkFile(path).place() == SinkFile(folder + "/again/tokens.json").place())
        #expect(try SinkFile(path).place() != SinkFile(folder + "/keys/tokens.json").place())
    }

    @Test func aFileTooLargeToKeepIsNotReplaced() async throws {
        try write("")
        truncate(path, off_t(SinkFile.maximumSize + 1))
        #expect(await scheduleRefusal { _ = try SinkFile(self.path).present(self.buffer("a"), ours: []) } == "failed:path")
    }
}

@Suite final class SignalActionTests {
    private let folder: String
    private var child: pid_t = 0

    init() throws {
        var template = Array("/tmp/coffer-signal-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CredentialError(.failed, "", "no folder for a test") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if child > 0 {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    private var file: String { folder + "/pid" }

    private func perform(_ text: String, mode: mode_t = 0o644) async throws -> String {
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        chmod(file, mode)
        return await scheduleRefusal { try SignalAction(.user1, pidFile: self.file).perform() }
    }

    @Test func theProcessIsTold() async throws {
        let name = strdup("sleep"), seconds = strdup("60")
        defer {
            free(name)
            free(seconds)
        }
        // A test's own thread may hold signals back, and what it starts would as well.
        var attributes = posix_spawnattr_t()
        var none = sigset_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var standard = sigset_t()
        sigemptyset(&standard)
        sigaddset(&standard, SIGUSR1)
        posix_spawnattr_setsigdefault(&attributes, &standard)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        guard posix_spawn(&child, "/bin/sleep", nil, &attributes, [name, seconds, nil], nil) == 0 else {
            throw CredentialError(.failed, "", "no process for a test")
        }
        #expect(try await perform(" \(child)\n") == "")
        var status: Int32 = 0
        #expect(waitpid(child, &status, 0) == child)
        #expect(status & 0x7F == SIGUSR1)
        let ended = child
        child = 0
        #expect(try await perform("\(ended)") == "failed:pid_file")
    }

    @Test(arguments: ["", "0", "1", "-1", "-5", "abc", "12 34", "12x", "99999999999999", "0x10", "１２３", String(repeating: "1", count: 100)])
    func whatIsNoProcessIsRefused(text: String) async throws {
        #expect(try await perform(text) == "failed:pid_file")
    }

    @Test func filesThatOthersCouldHaveWrittenAreRefused() async throws {
        #expect(try await perform("\(getpid())") == "failed:pid_file")
        #expect(try await perform("4194303", mode: 0o666) == "failed:pid_file")
        unlink(file)
        #expect(await scheduleRefusal { try SignalAction(.hangup, pidFile: self.file).perform() } == "failed:pid_file")
        symlink("/proc/self/stat", file)
        #expect(await scheduleRefusal { try SignalAction(.hangup, pidFile: self.file).perform() } == "failed:pid_file")
    }
}
