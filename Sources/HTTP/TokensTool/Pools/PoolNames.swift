import CofferCredentials
import CofferStore

/// What a TokensTool pool has beside a pool of Coffer's. An import writes the same names.
public enum PoolNames {
    /// `yyyy-MM-dd HH:mm:ss` as it was imported, or Unix milliseconds.
    public static let time = "tokenstool.pool_time"
    /// `false`: a check found its token expired.
    public static let check = "tokenstool.check_pool"
    public static let intoOneAPI = "tokenstool.into_one_api"
    public static let models = "tokenstool.one_api_models"
    public static let modelMapping = "tokenstool.model_mapping"
    public static let url = "tokenstool.one_api_url"
    public static let groups = "tokenstool.groups"
    public static let priority = "tokenstool.priority"
}

extension Pool {
    /// Whether TokensTool's clients see it.
    var isTokensToolPool: Bool { provider == TokenNames.provider }
    var nameText: String { String(decoding: name.bytes, as: UTF8.self) }
    var isInOneAPI: Bool { attributes[PoolNames.intoOneAPI] == "true" }

    func poolTime(_ time: DoorTime) -> String {
        guard let kept = attributes[PoolNames.time] else { return time.text(ownToken?.obtained ?? created) }
        return UInt64(kept).map { time.text($0) } ?? kept
    }
}
