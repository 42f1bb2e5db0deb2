import CofferFormats
import FuzzSupport

/// Input: a letter that chooses the reader, then the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.run(start, count) { bytes in
        var input = InputReader(bytes)
        let choice = input.byte()
        let file = input.rest()
        switch choice {
        case UInt8(ascii: "d"): checkEntries(.dotenv, file)
        case UInt8(ascii: "j"): checkEntries(.json, file)
        case UInt8(ascii: "n"): checkAccounts(.newapi, file)
        case UInt8(ascii: "r"): checkAccounts(.ragflow, file)
        case UInt8(ascii: "f"): _ = FileFormat(fileName: String(decoding: file, as: UTF8.self))
        default: break
        }
    }
}

/// What was read and can be written is read again, to the byte.
private func checkEntries(_ format: FileFormat, _ file: [UInt8]) {
    let entries: [ImportedEntry]
    do throws(FormatError) { entries = try format.parse(file) } catch { return check(error) }
    let names = entries.map { Array($0.name.utf8) }
    Harness.check(Set(names).count == names.count, "a name was read twice")
    Harness.check(zip(entries, entries.dropFirst()).allSatisfy { $0.line <= $1.line }, "lines go backwards")
    for target in [FileFormat.dotenv, .json] {
        var writer = ExportWriter(target)
        var output = writer.header
        var kept: [ImportedEntry] = []
        for entry in entries {
            entry.value.withUnsafeBytes { value in
                let name = Array(entry.name.utf8)
                guard writer.obstacle(name: name, value: value) == nil else { return }
                writer.append(name: name, value: value, to: &output)
                kept.append(entry)
            }
        }
        output += writer.footer
        if Plant.spoils { output.append(UInt8(ascii: "}")) }
        let again = try? target.parse(output)
        Harness.check(again != nil, "what was written as \(target.rawValue) cannot be read")
        let isSame = again?.count == kept.count
            && zip(again ?? [], kept).allSatisfy { $0.name.utf8.elementsEqual($1.name.utf8) && $0.value == $1.value }
        Harness.check(isSame, "what was written as \(target.rawValue) is read as something else")
    }
}

/// What goes to the daemon keeps the limits of protocol.md.
private func checkAccounts(_ system: LegacySystem, _ file: [UInt8]) {
    let accounts: LegacyImport
    do throws(FormatError) { accounts = try system.read(json: file) } catch { return check(error) }
    for row in accounts.rows {
        Harness.check(row.origin.utf8.count <= 128, "a row's origin is longer than its limit")
        Harness.check(["tenant", "user", "member", "apikey"].contains(row.noun), "a row has an unknown noun")
        Harness.check(isAscending(row.fields.map(\.name)) && isAscending(row.secrets.map(\.name)), "a row's fields are out of order")
        Harness.check(row.fields.count <= 64 && row.secrets.count <= 16, "a row has too many fields")
        Harness.check(row.secrets.allSatisfy { $0.value.count <= 65_536 }, "a secret is longer than its limit")
    }
}

private func isAscending(_ names: [String]) -> Bool {
    zip(names, names.dropFirst()).allSatisfy { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

private func check(_ error: FormatError) {
    Harness.check(error.line >= 0 && !error.message.isEmpty, "an error says nothing")
    Harness.check(error.message.utf8.count <= 4_096, "an error says too much")
}
