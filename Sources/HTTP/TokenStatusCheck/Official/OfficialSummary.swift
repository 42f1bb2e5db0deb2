import CofferJSON

/// DeepSeek's usage summary as clients of 2024 know it (compat/tokenstatuscheck.md 1.3 and 3, row 26).
enum OfficialSummary {
    /// What newer answers wrap once more is lifted; everything else is as it came.
    static func lifted(_ answer: JSONValue) -> JSONValue {
        guard case .object(let fields) = answer, let inner = answer["data"]?["biz_data"], !inner.isNull else { return answer }
        return .object(fields.map { $0.0 == "data" ? ($0.0, inner) : $0 })
    }
}
