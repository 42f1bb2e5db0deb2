import CSodium
import Glibc
import Logging
import NIOSSL
import Synchronization

/// A certificate and its key, read anew when their files change.
final class TLSCertificate: Sendable {
    /// What tells two states of a file apart.
    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    private struct State {
        var context: NIOSSLContext
        var stamps: [Stamp?]
    }

    let files: TLSFiles
    private let state: Mutex<State>

    /// More than any chain or key has.
    private static let maximumSize = 1 << 20

    /// - Throws: ``HTTPServerError`` with the file and the reason.
    init(_ files: TLSFiles) throws(HTTPServerError) {
        self.files = files
        // Stamps first: a file that changes while it is read is read again.
        let stamps = Self.stamps(files)
        state = Mutex(State(context: try Self.load(files), stamps: stamps))
    }

    /// What new connections use.
    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Looks at the files; a pair that does not fit is not taken, and the next look is at the next change.
    /// - Returns: whether there is a new certificate.
    @discardableResult
    func reload(_ logger: Logger) -> Bool {
        let stamps = Self.stamps(files)
        let changed = state.withLock { state in
            guard state.stamps != stamps else { return false }
            state.stamps = stamps
            return true
        }
        guard changed else { return false }
        do throws(HTTPServerError) {
            let context = try Self.load(files)
            state.withLock { $0.context = context }
            logger.info("certificate renewed", metadata: ["certificate": "\(files.certificate)"])
            return true
        } catch {
            logger.warning("the new certificate is not used", metadata: ["certificate": "\(files.certificate)", "reason": "\(error)"])
            return false
        }
    }

    private static func stamps(_ files: TLSFiles) -> [Stamp?] {
        [files.certificate, files.key].map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            return Stamp(
                inode: UInt64(status.st_ino), size: Int64(status.st_size), seconds: status.st_mtim.tv_sec,
                nanoseconds: status.st_mtim.tv_nsec)
        }
    }

    private static func load(_ files: TLSFiles) throws(HTTPServerError) -> NIOSSLContext {
        let chain = try read(files.certificate, isKey: false)
        var pem = try read(files.key, isKey: true)
        defer { pem.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) } }
        let certificates: [NIOSSLCertificate]
        do { certificates = try NIOSSLCertificate.fromPEMBytes(chain) } catch {
            throw HTTPServerError(.certificate, "\(files.certificate) holds no PEM certificate")
        }
        guard !certificates.isEmpty else { throw HTTPServerError(.certificate, "\(files.certificate) holds no PEM certificate") }
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(bytes: pem, format: .pem) } catch {
            throw HTTPServerError(.certificate, "\(files.key) holds no PEM private key without a passphrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw HTTPServerError(.certificate, "\(files.key) is not the key of \(files.certificate)")
        }
    }

    private static func read(_ path: String, isKey: Bool) throws(HTTPServerError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw HTTPServerError(.certificate, "\(path): \(String(cString: strerror(errno)))") }
        defer { Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw HTTPServerError(.certificate, "\(path) is not a file")
        }
        if isKey, status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP) != 0 {
            throw HTTPServerError(.certificate, "others may read or write the private key \(path): mode 0600 or 0640 is needed")
        }
        guard status.st_size <= maximumSize else { throw HTTPServerError(.certificate, "\(path) is too large") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if more < 0, errno == EINTR { continue }
            guard more > 0 else { throw HTTPServerError(.certificate, "\(path) cannot be read") }
            count += more
        }
        return bytes
    }
}
