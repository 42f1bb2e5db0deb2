import CofferJSON

/// What the settings page saves: texts by key (compat/rtmanage.md 5.2). A value; keys that mean something are fields of the door in the
/// store, all others one JSON object.
struct RTManageConfigs: Equatable, Sendable {
    static let proxyList = "proxy_list"
    static let clientIDList = "client_id_list"
    static let isScheduled = "auto_refresh_enabled"
    static let interval = "auto_refresh_interval"
    /// Each is a field of the door.
    static let known = [proxyList, clientIDList, isScheduled, interval]
    /// The field that has the rest.
    static let others = "configs"

    /// As saved, without defaults.
    var values: [String: String] = [:]

    init() {}

    /// The other keys, as the store has them.
    init(others bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes, allowsTrailing: false) else { return }
        for (key, text) in value.object ?? [] { values[key] = text.string }
    }

    var encodedOthers: [UInt8] {
        let others = values.filter { !Self.known.contains($0.key) }
        return JSONValue.object(others.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }).encoded()
    }

    /// With what is reported for keys that were never saved.
    var reported: [String: String] {
        [
            Self.proxyList: "[]", Self.clientIDList: "[]", Self.isScheduled: "false", Self.interval: String(RTManageBounds.standardInterval),
        ].merging(values) { $1 }
    }

    var proxies: [String] { Self.list(values[Self.proxyList]) }

    /// Never empty.
    func clientIDs(standard: String) -> [String] {
        let list = Self.list(values[Self.clientIDList])
        return list.isEmpty ? [standard] : list
    }

    var days: Int {
        guard let days = values[Self.interval].flatMap({ Int($0) }), RTManageBounds.interval.contains(days) else {
            return RTManageBounds.standardInterval
        }
        return days
    }

    private static func list(_ text: String?) -> [String] { text.flatMap { try? strings($0) } ?? [] }

    /// A JSON array of strings; `null` is an empty one.
    static func strings(_ text: String) throws(JSONError) -> [String] {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(Array(text.utf8), allowsTrailing: false) } catch {
            throw error.message.hasSuffix("EOF") ? JSONError("unexpected end of JSON input") : error
        }
        if value.isNull { return [] }
        guard let items = value.array else { throw JSONError("json: cannot unmarshal \(value.kind) into Go value of type []string") }
        var texts: [String] = []
        for item in items {
            // Go's decoder leaves a null as the empty string.
            guard let text = item.isNull ? "" : item.string else {
                throw JSONError("json: cannot unmarshal \(item.kind) into Go value of type string")
            }
            texts.append(text)
        }
        return texts
    }

    /// The same with what a page saves; keys that it does not have keep their values.
    /// - Parameter standard: stands for a list of client ids that is empty.
    /// - Throws: 400 with what is wrong.
    func saving(_ given: [String: String], standard: String) throws(RTManageFailure) -> RTManageConfigs {
        var result = self
        result.values.merge(given) { $1 }
        if let text = given[Self.proxyList] { try Self.checkProxies(text) }
        if let text = given[Self.clientIDList] {
            let list: [String]
            do throws(JSONError) { list = try Self.strings(text) } catch { throw Self.failure("Client ID 列表格式错误: \(error.message)") }
            if list.isEmpty { result.values[Self.clientIDList] = String(decoding: JSONValue.strings([standard]).encoded(), as: UTF8.self) }
        }
        if let text = given[Self.interval] {
            guard let days = Int(text), RTManageBounds.interval.contains(days) else {
                throw Self.failure("自动刷新间隔必须是 \(RTManageBounds.interval.lowerBound) 到 \(RTManageBounds.interval.upperBound) 之间的整数（天）")
            }
        }
        let sizes = Self.known.map { result.values[$0]?.utf8.count ?? 0 } + [result.encodedOthers.count]
        guard sizes.allSatisfy({ $0 <= RTManageBounds.configs }) else { throw Self.failure("配置超过 \(RTManageBounds.configs) 字节") }
        return result
    }

    /// A proxy that could never be used is refused here: calls would not go out without it.
    private static func checkProxies(_ text: String) throws(RTManageFailure) {
        let list: [String]
        do throws(JSONError) { list = try strings(text) } catch { throw failure("代理列表格式错误: \(error.message)") }
        let schemes = ["http://", "https://", "socks5://"]
        for (index, proxy) in list.enumerated() {
            let rest = schemes.first { proxy.lowercased().hasPrefix($0) }.map { proxy.dropFirst($0.count) }
            guard let rest, !rest.isEmpty, proxy.utf8.count <= 2_048, !proxy.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
                throw failure("代理列表格式错误: 第 \(index + 1) 个代理必须以 http://、https:// 或 socks5:// 开头")
            }
        }
    }

    static func failure(_ text: String) -> RTManageFailure { RTManageFailure(400, "保存失败: \(text)") }
}
