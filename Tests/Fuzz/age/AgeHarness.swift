import CofferAge
import FuzzSupport

/// Input: a letter that chooses what is read, then the text or the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.run(start, count) { bytes in
        var input = InputReader(bytes)
        switch input.byte() {
        case UInt8(ascii: "f"): checkFile(&input)
        case UInt8(ascii: "a"): checkArmor(input.rest())
        case UInt8(ascii: "r"): checkRecipient(input.rest())
        case UInt8(ascii: "i"): checkIdentity(input.rest())
        case UInt8(ascii: "k"): checkKeyFiles(input.rest())
        case UInt8(ascii: "c"): checkChunks(&input)
        default: break
        }
    }
}

/// What comes of a file.
struct Outcome: Equatable {
    var plaintext: [UInt8] = []
    var code: AgeError.Code?

    init(_ pieces: [ArraySlice<UInt8>], _ unlock: AgeUnlock) {
        var decryptor = AgeDecryptor(unlock)
        do {
            for piece in pieces { try piece.withUnsafeBytes { try decryptor.update($0, into: &plaintext) } }
            try decryptor.finish(into: &plaintext)
        } catch let error as AgeError {
            check(error)
            code = error.code
        } catch {
            Harness.check(false, "an error of another kind")
        }
    }
}

func check(_ error: AgeError) {
    Harness.check(!error.message.isEmpty && error.message.utf8.count <= 500, "an error says nothing, or too much")
    Harness.check(error.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "an error has control characters")
}

/// The identity of the seeds (Tests/Vectors/age), and their passphrase, for which little work is allowed.
private let unlocks: [AgeUnlock] = {
    do {
        let identity = try AgeIdentity("AGE-SECRET-KEY-1YAZVE5GVW5EM6UM2MZG0NH2U4V4DKFAS04GQH9YN72WDCSSVKTSQVVGXEA".utf8)
        let passphrase = try Array("password".utf8).withUnsafeBytes { try AgePassphrase($0) }
        return [.identities([identity]), .passphrase(passphrase, largestWorkFactor: 4)]
    } catch {
        Harness.check(false, "the seeds' identity cannot be read: \(error)")
        return []
    }
}()

/// Where a file is cut into pieces does not matter, and what authenticates is one of the seeds.
private func checkFile(_ input: inout InputReader) {
    let lengths = input.take(3)
    let file = input.rest()
    for unlock in unlocks {
        let whole = Outcome([file[...]], unlock)
        var pieces = Outcome(file.pieces(lengths), unlock)
        if Plant.spoils, whole.code == nil { pieces.plaintext.append(0) }
        Harness.check(whole == pieces, "in pieces another thing comes of a file")
        let isKnown = whole.plaintext.isEmpty || whole.plaintext == Array("age".utf8)
            || whole.plaintext.count < 100 && whole.plaintext.allSatisfy { $0 == UInt8(ascii: "x") }
        Harness.check(isKnown, "plaintext that nobody wrote")
    }
}

/// Armor changes nothing of what comes of a file.
private func checkArmor(_ file: [UInt8]) {
    guard let first = file.first, first != UInt8(ascii: "-"), first != 0x20, !(0x09...0x0D).contains(first) else { return }
    var armored = Array("-----BEGIN AGE ENCRYPTED FILE-----\n".utf8)
    for line in stride(from: 0, to: file.count, by: 48) { armored += base64(file[line..<min(file.count, line + 48)]) + [0x0A] }
    armored += Array("-----END AGE ENCRYPTED FILE-----\n".utf8)
    for unlock in unlocks {
        Harness.check(Outcome([file[...]], unlock) == Outcome([armored[...]], unlock), "armor changes what comes of a file")
    }
}

private func base64(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 3) {
        let part = Array(bytes[start..<min(bytes.endIndex, start + 3)])
        let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < part.count ? Int(part[$1]) : 0) }
        for index in 0..<4 { text.append(index <= part.count ? alphabet[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "=")) }
    }
    return text
}

/// One text for one recipient, but for its case.
private func checkRecipient(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    do throws(AgeError) {
        let recipient = try AgeRecipient(text)
        Harness.check(recipient.description == text.lowercased(), "a recipient is written as another")
    } catch {
        Harness.check(error.code == .invalidRecipient, "a wrong recipient is another error")
        check(error)
    }
}

/// Nothing of what may be an identity stands in an error.
private func checkIdentity(_ bytes: [UInt8]) {
    do throws(AgeError) {
        let identity = try AgeIdentity(bytes)
        let text = identity.withText { Array($0) }
        Harness.check(String(decoding: bytes, as: UTF8.self).uppercased().utf8.elementsEqual(text), "an identity is written as another")
    } catch {
        Harness.check(error.code == .invalidIdentity, "a wrong identity is another error")
        check(error)
        checkSilence(error, about: bytes)
    }
}

private func checkSilence(_ error: AgeError, about bytes: [UInt8]) {
    let message = Array(error.message.utf8)
    guard bytes.count >= 40 else { return }
    for start in 16...(bytes.count - 12) {
        let part = Array(bytes[start..<(start + 12)])
        guard part.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { continue }
        let isSaid = (0...max(0, message.count - 12)).contains { message.dropFirst($0).starts(with: part) }
        Harness.check(!isSaid || isOurs(part), "an error repeats what may be an identity")
    }
}

/// Words that the messages have themselves.
private func isOurs(_ part: [UInt8]) -> Bool {
    "'AGE-SECRET-KEY-1'".utf8.split(separator: 0x20).contains { word in
        word.count >= 12 && (0...(word.count - 12)).contains { word.dropFirst($0).starts(with: part) }
    }
}

private func checkKeyFiles(_ file: [UInt8]) {
    let lines = file.count { $0 == 0x0A } + 1
    do {
        let count = try file.withUnsafeBytes { try AgeIdentityFile.read($0).count }
        Harness.check((1...lines).contains(count), "more identities than lines")
    } catch let error as AgeError {
        check(error)
    } catch {
        Harness.check(false, "an error of another kind")
    }
    do {
        let count = try file.withUnsafeBytes { try AgeRecipientsFile.read($0).count }
        Harness.check((1...lines).contains(count), "more recipients than lines")
    } catch let error as AgeError {
        check(error)
    } catch {
        Harness.check(false, "an error of another kind")
    }
}
