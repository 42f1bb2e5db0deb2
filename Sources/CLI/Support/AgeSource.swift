import CofferAge
import Glibc

/// An age file that is read from front to back: a path, or `-` for standard input.
final class AgeSource {
    static let pieceSize = 262_144

    let isStandardInput: Bool
    /// For messages.
    let name: String
    let descriptor: Int32
    private let buffer: UnsafeMutableRawBufferPointer

    init(_ file: String) throws {
        isStandardInput = file == "-"
        name = isStandardInput ? "standard input" : "'\(Printable.text(file))'"
        descriptor = isStandardInput ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw CommandFailure.badInput("cannot read \(name): \(SystemError.text())") }
        // Nothing secret: what lies in it is sealed.
        buffer = .allocate(byteCount: Self.pieceSize, alignment: 16)
    }

    /// The next bytes, which stand until the next call; nil at the end.
    func next() throws -> UnsafeRawBufferPointer? {
        while true {
            let got = read(descriptor, buffer.baseAddress, buffer.count)
            if got == 0 { return nil }
            if got > 0 { return UnsafeRawBufferPointer(rebasing: buffer[..<got]) }
            if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw CommandFailure.badInput("cannot read \(name): \(SystemError.text())")
            }
        }
    }

    /// Opens it with `unlock` and gives the plaintext to `sink` as it comes, in pieces of some 256 KiB, wiped behind it.
    ///
    /// Each piece is authentic; that the file was whole is known once this returns, and what came before an error is to be discarded.
    func decrypt(_ unlock: AgeUnlock, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        var decryptor = AgeDecryptor(unlock)
        var plaintext: [UInt8] = []
        defer { Output.wipe(&plaintext) }
        // A piece and what was kept back of the one before: the array never moves.
        plaintext.reserveCapacity(Self.pieceSize * 2)
        var failure: AgeError?
        while failure == nil {
            let piece = try next()
            do throws(AgeError) {
                if let piece { try decryptor.update(piece, into: &plaintext) } else { try decryptor.finish(into: &plaintext) }
            } catch {
                failure = AgeError(error.code, "\(name): \(error.message)")
            }
            if !plaintext.isEmpty {
                try plaintext.withUnsafeBytes(sink)
                Output.wipe(&plaintext)
                plaintext.removeAll(keepingCapacity: true)
            }
            if piece == nil { break }
        }
        if let failure { throw failure }
    }

    deinit {
        buffer.deallocate()
        if !isStandardInput { close(descriptor) }
    }
}
