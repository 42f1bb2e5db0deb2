import CLinux
import Glibc
import Testing

@testable import CofferDaemon

/// Needs root: a file that only root can write must belong to it.
@Suite(.enabled(if: getuid() == 0)) struct FileFactsTests {
    private let files = SystemFiles()

    /// The shell, which every system has below folders of root's, often through a link.
    @Test func systemPrograms() throws {
        #expect(files.distrust(ofPath: "/bin/sh") == nil)
        #expect(files.executable(at: "/bin/sh") != nil)
        #expect(files.executable(at: "/bin") == nil && files.executable(at: "/bin/none") == nil)
        #expect(files.distrust(ofPath: "/bin/none") != nil && files.distrust(ofPath: "bin/sh") != nil)
    }

    /// /tmp is sticky, but anybody may put files there.
    @Test func worldWritableFolder() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("tool", [1])
        #expect(files.distrust(ofPath: path) == "others than root can write '/tmp'")
    }

    /// A link in a folder of root's may lead out of it.
    @Test func links() throws {
        let path = "/usr/local/coffer-test-\(getpid())"
        try #require(mkdir(path, 0o755) == 0)
        defer { rmdir(path) }
        let folder = try TemporaryFolder()
        let outside = try folder.file("tool", [1])
        func check(_ name: String, _ target: String) -> String? {
            let link = "\(path)/\(name)"
            guard symlink(target, link) == 0 else { return "no link" }
            defer { unlink(link) }
            return files.distrust(ofPath: link)
        }
        #expect(check("good", "/bin/sh") == nil)
        #expect(check("relative", "../../../bin/sh") == nil)
        #expect(check("out", outside) == "others than root can write '/tmp'")
        #expect(check("loop", "loop")?.contains("too many symbolic links") == true)
        #expect(check("nowhere", "none")?.contains("cannot be read") == true)
    }

    @Test func ownerAndMode() throws {
        let path = "/usr/local/coffer-mode-\(getpid())"
        let fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o755)
        try #require(fd >= 0)
        defer {
            close(fd)
            unlink(path)
        }
        #expect(files.distrust(ofPath: path) == nil)
        fchmod(fd, 0o775)
        #expect(files.distrust(ofPath: path) == "others than root can write '\(path)'")
        fchmod(fd, 0o755)
        fchown(fd, 1001, 0)
        #expect(files.distrust(ofPath: path) == "'\(path)' belongs to uid 1001, not to root")
    }

    /// A running copy of a program is not the program, and a link to it is.
    @Test func copiesAndLinks() throws {
        let folder = try TemporaryFolder()
        let fd = open("/bin/sleep", O_RDONLY | O_CLOEXEC)
        try #require(fd >= 0)
        defer { close(fd) }
        var content = [UInt8](repeating: 0, count: 1 << 20)
        let size = read(fd, &content, content.count)
        try #require(size > 0 && size < content.count)
        let copy = try folder.file("sleep", Array(content.prefix(size)))
        let link = try folder.link("link", to: "/bin/sleep")
        let rules = snapshot([try rule([[.executable("/bin/sleep")]], names: ["a"])], files: files)
        for (path, expected) in [("/bin/sleep", true), (copy, false), (link, true)] {
            let caller = try run(path)
            #expect(caller.executable != nil)
            let found = rules.principalClass(for: caller)
            #expect(allows(found, "a") == expected && found.checksSender == expected, "\(path)")
            // The rule that names the copy, or a link where everybody can make one, never matches.
            let bad = snapshot([try rule([[.executable(copy)], [.executable(link)]], names: ["a"])], files: files)
            #expect(!allows(bad.principalClass(for: caller), "a"))
        }
    }

    /// What the kernel says about a process that runs this program.
    private func run(_ path: String) throws -> Principal {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("30"), nil]
        defer { arguments.forEach { free($0) } }
        try #require(posix_spawn(&pid, path, nil, nil, &arguments, nil) == 0)
        defer {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
        let identity = PeerIdentity(principal: Principal(uid: 1001, pid: pid), pidfd: coffer_pidfd_open(pid), pin: .kernel, facts: ProcFacts())
        return identity.principal
    }
}
