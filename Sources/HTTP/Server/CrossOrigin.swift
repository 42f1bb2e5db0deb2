/// Headers that let pages of other origins read answers: only of those that the configuration lists (decisions 18).
struct CrossOrigin: Sendable {
    /// As browsers send them; `*`: every one, without credentials.
    let origins: [String]
    let methods: String
    let headers: String

    /// What the answer to this request gets; nothing where its origin is not listed.
    func headers(_ call: HTTPCall) -> [(name: String, value: String)] {
        guard !origins.isEmpty else { return [] }
        // Whoever keeps answers must keep one for each origin.
        let vary = [(name: "Vary", value: "Origin")]
        guard let origin = call.header("origin") else { return vary }
        let common = vary + [("Access-Control-Allow-Methods", methods), ("Access-Control-Allow-Headers", headers)]
        if origins.contains(origin) {
            return [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")] + common
        }
        return origins.contains("*") ? [("Access-Control-Allow-Origin", "*")] + common : vary
    }
}
