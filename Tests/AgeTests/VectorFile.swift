import CSodium
import Glibc

@testable import CofferAge

/// A file in the form of the public test set (C2SP/CCTV, `age`): lines of `key: value`, an empty line, an age file.
struct VectorFile: Sendable, CustomStringConvertible {
    var name: String
    var expect = ""
    /// SHA-256 of what is given out, in hexadecimal digits.
    var payload: String?
    var identities: [String] = []
    var passphrase: String?
    var file: [UInt8] = []

    var description: String { name }

    init?(name: String, _ bytes: [UInt8]) {
        self.name = name
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if line.isEmpty {
                file = Array(rest)
                return
            }
            guard let colon = line.range(of: ": ") else { return nil }
            let value = String(line[colon.upperBound...])
            switch line[..<colon.lowerBound] {
            case "expect": expect = value
            case "payload": payload = value
            case "identity": identities.append(value)
            case "passphrase": passphrase = value
            default: break
            }
        }
        return nil
    }

    var unlock: AgeUnlock {
        get throws {
            if let passphrase { return .passphrase(try AgeFiles.passphrase(passphrase), largestWorkFactor: 20) }
            return .identities(try identities.map { try AgeIdentity($0.utf8) })
        }
    }

    static let folder = "\(#filePath)".split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Vectors/age"

    static let all: [VectorFile] = names(folder + "/cases").compactMap { VectorFile(name: $0, bytes("\(folder)/cases/\($0)")) }

    static func names(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    static func bytes(_ path: String) -> [UInt8] {
        guard let stream = fopen(path, "rb") else { return [] }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, stream))
        return bytes
    }
}

func sha256(_ bytes: [UInt8]) -> String {
    var hash = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256(&hash, bytes, UInt64(bytes.count))
    return hash.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

private extension String {
    /// Without Foundation.
    func range(of separator: String) -> Range<String.Index>? { self.ranges(of: separator).first }
}
