import CLinux
import Glibc

/// The listening socket that a service manager hands over (sd_listen_fds(3)): `LISTEN_FDS` descriptors from 3 on, for the process
/// `LISTEN_PID`. Our own: it is the environment and two calls, and what is handed over is checked more strictly than a library would.
struct SocketActivation {
    struct Passed {
        let descriptor: Int32
        /// Where the socket lies, as it was found: mode and owner are the service manager's business.
        let place: SocketPath
    }

    private static let firstDescriptor: Int32 = 3

    let environment: [String: String]
    var pid = getpid()

    /// - Returns: `nil` where nothing was handed over, or to another process.
    /// - Throws: ``ConfigurationErrors`` where it is anything but one Unix socket that listens at a path.
    func socket() throws(ConfigurationErrors) -> Passed? {
        guard let count = try count() else { return nil }
        guard count == 1 else { throw Self.error("\(count) descriptors, but cofferd takes one: the Unix socket it listens on") }
        let descriptor = Self.firstDescriptor
        var bytes = [UInt8](repeating: 0, count: SocketPath.maximumLength + 1)
        let length = bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { coffer_adopt_listener(descriptor, $0.baseAddress, $0.count) }
        }
        guard length > 0, let path = String(validating: bytes[..<Int(length)], as: UTF8.self) else {
            let reason = length < 0 && length != -EINVAL ? ": \(String(cString: strerror(-length)))" : ""
            throw Self.error("\(name(descriptor)), which is no Unix stream socket that listens at a path\(reason)")
        }
        guard let present = SocketPath(path: path, mode: 0).present else { throw Self.error("a socket whose path \(path) is gone") }
        return Passed(descriptor: descriptor, place: SocketPath(path: path, mode: present.mode, owner: present.uid))
    }

    /// How many there are for this process; `nil`: none.
    func count() throws(ConfigurationErrors) -> Int? {
        guard let owner = environment["LISTEN_PID"], owner == "\(pid)", let text = environment["LISTEN_FDS"] else { return nil }
        guard let count = Int(text), (0...1_024).contains(count) else { throw Self.error("LISTEN_FDS that is no number of descriptors") }
        return count == 0 ? nil : count
    }

    private func name(_ descriptor: Int32) -> String {
        guard let name = environment["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false).first, !name.isEmpty else {
            return "descriptor \(descriptor)"
        }
        return "descriptor \(descriptor) ('\(name.prefix(60))')"
    }

    private static func error(_ what: String) -> ConfigurationErrors {
        ConfigurationErrors(messages: ["the service manager hands over \(what)"])
    }
}
