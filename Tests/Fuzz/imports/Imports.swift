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
        case UInt8(ascii: "c"): checkLines(file)
        case UInt8(ascii: "t"): checkFolder(.tokenstool, file)
        case UInt8(ascii: "s"): checkFolder(.tokenstatuscheck, file)
        case UInt8(ascii: "y"): checkRTManage("config.yml", file)
        case UInt8(ascii: "v"): checkRTManage("rows.csv", file)
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
    check(accounts.rows, ["tenant", "user", "member", "apikey"])
}

private func check(_ rows: [LegacyRow], _ nouns: Set<String>) {
    for row in rows {
        Harness.check(row.origin.utf8.count <= 128, "a row's origin is longer than its limit")
        Harness.check(nouns.contains(row.noun), "a row has an unknown noun")
        Harness.check(isAscending(row.fields.map(\.name)) && isAscending(row.secrets.map(\.name)), "a row's fields are out of order")
        Harness.check(row.fields.count <= 64, "a row has too many fields")
        Harness.check(row.secrets.allSatisfy { !$0.value.isEmpty }, "a secret is empty")
        for map in ["attributes", "parameters", "expiries"] {
            if let text = row[map] { Harness.check(TextMap.read(text) != nil, "a map cannot be read") }
        }
    }
}

/// Every line comes to something, and reading ends.
private func checkLines(_ file: [UInt8]) {
    var rest = file[...]
    var lines = CredentialLines { buffer in
        // In pieces: where one ends must not matter.
        let part = rest.prefix(min(7, buffer.count))
        buffer.copyBytes(from: part)
        rest = rest.dropFirst(part.count)
        return part.count
    }
    var rows: [LegacyRow] = []
    var count = 0
    do {
        while let item = try lines.next() {
            count += 1
            switch item {
            case .row(let row): rows.append(row)
            case .refused(let out): Harness.check(!out.reason.isEmpty && out.isRefused, "a line is refused without a reason")
            }
        }
    } catch let error as FormatError {
        check(error)
    } catch {
        Harness.check(false, "an error of another kind")
    }
    Harness.check(count <= file.count + 1, "there are more rows than bytes")
    check(rows, ["credential"])
}

private func checkFolder(_ system: CredentialSystem, _ file: [UInt8]) {
    let nouns: Set<String> = ["credential", "pool"]
    for name in system.files {
        do throws(FormatError) {
            check(try system.read(folder: [.init(name: name, bytes: file)]).rows, nouns)
        } catch {
            check(error)
        }
    }
}

private func checkRTManage(_ name: String, _ file: [UInt8]) {
    var reader = RTManageImport()
    do throws(FormatError) { try reader.add(.init(name: name, bytes: file)) } catch { return check(error) }
    let result = reader.finish()
    check(result.rows, ["credential", "schedule"])
    Harness.check(result.settings.allSatisfy { $0.fate == .placed || !$0.reason.isEmpty || !$0.value.isEmpty }, "a setting says nothing")
}

private func isAscending(_ names: [String]) -> Bool {
    zip(names, names.dropFirst()).allSatisfy { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

private func check(_ error: FormatError) {
    Harness.check(error.line >= 0 && !error.message.isEmpty, "an error says nothing")
    Harness.check(error.message.utf8.count <= 4_096, "an error says too much")
}
