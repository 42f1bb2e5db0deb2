import CofferCredentials
import CofferJSON

/// A pool as clients send it (compat/tokenstool.md 2.2); what is absent is `nil`.
struct PoolBody: Sendable {
    var name: String?
    var token: String?
    /// Names of tokens.
    var members: [String]?
    var intoOneAPI: Bool?
    var models: String?
    var modelMapping: String?
    var url: String?
    var groups: String?
    var priority: Int?

    init(_ fields: BodyFields) throws(TokensToolFailure) {
        name = try fields.text("poolName")
        token = try fields.text("poolToken")
        members = try fields.texts("shareTokens")
        intoOneAPI = try fields.bool("intoOneApi")
        models = try fields.text("poolOneApi_models")
        modelMapping = try fields.text("poolModel_mapping")
        url = try fields.text("oneApi_pandoraUrl")
        groups = try fields.text("groupChecked")
        priority = try fields.integer("priority")
        _ = try fields.text("poolTime")
        _ = try fields.bool("checkPool")
    }

    /// As the pool keeps them; those that were not said are left out.
    var attributes: [String: String] {
        let all: [(String, String?)] = [
            (PoolNames.intoOneAPI, intoOneAPI.map { $0 ? "true" : "false" }), (PoolNames.models, models),
            (PoolNames.modelMapping, modelMapping), (PoolNames.url, url), (PoolNames.groups, groups),
            (PoolNames.priority, priority.map { String($0) }),
        ]
        return Dictionary(uniqueKeysWithValues: all.compactMap { name, value in value.map { (name, $0) } })
    }

    /// The token that the client gives, where it looks like one.
    var ownToken: String? { token.flatMap { $0.contains("pk") ? $0 : nil } }
}
