/// RT-manage's table `system_configs` (compat/rtmanage.md 5.2): fields of the door, and its timer.
enum RTManageSystemConfigs {
    static func add(_ table: LegacyTable, _ result: inout CredentialImport) {
        var others: [JSONTree.Member] = []
        var timer: [String: String] = [:]
        for values in table.rows {
            let record = LegacyRecord(shape: table.shape, values: values, number: 0, idColumn: nil)
            let key: String
            let value: String
            do throws(RowProblem) {
                key = try record.text("config_key", limit: 255) ?? ""
                value = try record.text("config_value", limit: 65_536) ?? ""
            } catch {
                result.settings.append(.init("system_configs", .refused, error.reason))
                continue
            }
            let shown = "system_configs.\(FormatError.short(key))"
            switch key {
            case _ where value.isEmpty: result.settings.append(.init(shown, .notNeeded, "it is empty"))
            case "proxy_list", "client_id_list":
                if isListOfTexts(value) {
                    result.settings.append(.init(shown, .taken(field: key), "", value: Array(value.utf8)))
                } else {
                    result.settings.append(.init(shown, .refused, "it is not a JSON list of texts"))
                }
            case "auto_refresh_enabled", "auto_refresh_interval":
                timer[key] = value
                result.settings.append(.init(shown, .taken(field: key), "", value: Array(value.utf8)))
            default:
                // The original stores and shows keys that it does not know.
                guard !others.contains(where: { $0.key.utf8.elementsEqual(key.utf8) }) else { continue }
                others.append(.init(key: key, line: 0, value: .text(Array(value.utf8))))
                result.settings.append(.init(shown, .placed, "as rtmanage/configs"))
            }
        }
        if !others.isEmpty {
            var text: [UInt8] = []
            JSONTree.object(others).append(to: &text)
            result.settings.append(.init("system_configs", .taken(field: "configs"), "\(others.count) other keys", value: text))
        }
        addTimer(timer, &result)
    }

    /// The table's word counts more than `config.yml`'s, where it switches the timer on.
    private static func addTimer(_ timer: [String: String], _ result: inout CredentialImport) {
        guard timer["auto_refresh_enabled"] == "true" else { return }
        // The original takes a text that is no number for 2.
        let days = timer["auto_refresh_interval"].map { Int($0) ?? 2 } ?? 2
        guard (1...365).contains(days) else {
            return result.settings.append(.init(
                "system_configs.auto_refresh_interval", .refused, "it is not 1 to 365 days: no schedule is made"))
        }
        result.rows.removeAll { $0.noun == "schedule" }
        result.rows.append(schedule(days: days, origin: "system_configs"))
    }

    /// As the door writes it: counted from the last run, at no time of day.
    static func schedule(days: Int, origin: String) -> LegacyRow {
        var fields = LegacyFields()
        fields.set("name", "rtmanage")
        fields.set("action", "refresh")
        fields.set("target_provider", "openai")
        fields.set("rule", "every \(days * 24) hours")
        return fields.row(origin: origin, noun: "schedule")
    }

    private static func isListOfTexts(_ text: String) -> Bool {
        guard case .some(.list(let items)) = try? JSONTree.read(Array(text.utf8)) else { return false }
        return items.allSatisfy { if case .text = $0 { true } else { false } }
    }
}
