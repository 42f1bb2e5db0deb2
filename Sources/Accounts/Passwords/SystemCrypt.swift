import CofferStore
import Glibc
import Synchronization

/// The system's `crypt`, which knows bcrypt (Debian: libxcrypt). Looked up at run time, once: a machine without it is fine, there the
/// imported users must set a password. `crypt` keeps its result in one place for the whole process: one call at a time.
struct SystemCrypt: Sendable {
    private typealias Function = @convention(c) (UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> UnsafeMutablePointer<CChar>?
    private let function: Function
    private static let turn = Mutex(())

    static let shared: SystemCrypt? = {
        guard let library = dlopen("libcrypt.so.1", RTLD_NOW | RTLD_LOCAL), let symbol = dlsym(library, "crypt") else { return nil }
        let crypt = SystemCrypt(function: unsafeBitCast(symbol, to: Function.self))
        // One that does not know bcrypt answers nothing, or something shorter.
        let known = SecretBuffer(Array("$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2".utf8))
        return crypt.verify(SecretBuffer(Array("abc".utf8)), against: known) ? crypt : nil
    }()

    func verify(_ password: SecretBuffer, against hash: SecretBuffer) -> Bool {
        let phrase = password.terminated
        let setting = hash.terminated
        defer { withExtendedLifetime((phrase, setting, hash)) {} }
        // C would stop at a zero: the rest would not be checked.
        guard !phrase.bytes.dropLast().contains(0) else { return false }
        return Self.turn.withLock { _ in
            guard let result = function(phrase.bytes.characters, setting.bytes.characters) else { return false }
            return hash.isEqual(to: UnsafeRawBufferPointer(start: result, count: strlen(result)))
        }
    }
}
