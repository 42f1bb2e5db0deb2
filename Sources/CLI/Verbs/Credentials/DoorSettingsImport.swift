import CofferClient
import CofferFormats

/// Gives a door the values that the configuration of its older system has. What is set already stays (decisions 19).
struct DoorSettingsImport {
    let client: CofferClient
    let door: String
    let dryRun: Bool
    let allowSample: Bool

    /// What became of a key.
    struct Line {
        var key: String
        /// `taken`, `not needed`, `refused`.
        var result: String
        var note: String

        var isRefused: Bool { result == "refused" }

        /// `not needed because it is empty`.
        var text: String {
            let note = Printable.text(note)
            return switch result {
            case "not needed": "not needed because \(note)"
            default: note.isEmpty ? result : "\(result): \(note)"
            }
        }
    }

    func run(_ settings: [CredentialImport.Setting]) async throws -> [Line] {
        var lines: [Line] = []
        for setting in settings {
            switch setting.fate {
            case .placed: lines.append(Line(key: setting.key, result: "taken", note: setting.reason))
            case .notNeeded: lines.append(Line(key: setting.key, result: "not needed", note: setting.reason))
            case .refused: lines.append(Line(key: setting.key, result: "refused", note: setting.reason))
            case .taken(let field): lines.append(try await take(setting, field))
            }
        }
        return lines
    }

    private func take(_ setting: CredentialImport.Setting, _ field: String) async throws -> Line {
        let id = "\(door)/\(field)"
        let note = "as \(id)" + (setting.reason.isEmpty ? "" : ", \(setting.reason)")
        do {
            if try await client.record("door", id: id)["set"] == "true" {
                return Line(key: setting.key, result: "not needed", note: "\(id) is set already")
            }
            guard !dryRun else { return Line(key: setting.key, result: "taken", note: note) }
            let fields = allowSample ? [RecordField("allow_sample", "true")] : []
            _ = try await client.updateRecord("door", id: id, fields: fields, secret: SecretBytes(setting.value))
            return Line(key: setting.key, result: "taken", note: note)
        } catch let error as ClientError where [.notFound, .invalidArgument, .denied].contains(error.code) {
            return Line(key: setting.key, result: "refused", note: "\(id): \(error.message)")
        }
    }
}
