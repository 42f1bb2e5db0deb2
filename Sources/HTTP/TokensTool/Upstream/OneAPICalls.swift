import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream

/// Channels of a one-api (compat/tokenstool.md 3, U12).
struct OneAPICalls: Sendable {
    /// What a channel is told.
    struct Channel: Sendable {
        var name: String
        var key: SecretBuffer
        var url: String
        var models: String
        var group: String
        var modelMapping: String
        var priority: Int
    }

    enum Finding: Sendable {
        case id(Int64)
        case absent
        case failed
    }

    /// What became of ``change(_:)``.
    enum Change: Sendable { case changed, added, notAdded, failed }

    let providers: ProviderService
    let url: String
    let token: SecretBuffer?

    /// The first page only, as the original.
    func find(_ name: String) async -> Finding {
        guard let result = await call("list", [:]), result.verdict == .ok, let body = result.body,
            let answer = withExtendedLifetime(body, { try? JSONValue.parse(Array(body.bytes)) })
        else { return .failed }
        for row in answer["data"]?.array ?? [] where row["name"]?.string == name {
            if let id = row["id"]?.integer { return .id(id) }
        }
        return .absent
    }

    /// Makes a channel, then tells its priority where it has one: one-api takes that only from a channel that is there.
    func add(_ channel: Channel) async -> Bool {
        guard await call("create", values(channel))?.verdict == .ok else { return false }
        guard channel.priority != 0, case .id(let id) = await find(channel.name) else { return true }
        return await call("priority", values(channel, id: id))?.verdict == .ok
    }

    /// Changes the channel of this name, or makes it where there is none.
    func change(_ channel: Channel) async -> Change {
        switch await find(channel.name) {
        case .id(let id): await call("update", values(channel, id: id))?.verdict == .ok ? .changed : .failed
        case .absent: await add(channel) ? .added : .notAdded
        case .failed: .failed
        }
    }

    /// Also where there is none.
    func delete(_ name: String) async -> Bool {
        switch await find(name) {
        case .id(let id): await call("delete", ["id": SecretBuffer(Array(String(id).utf8))])?.verdict == .ok
        case .absent: true
        case .failed: false
        }
    }

    private func values(_ channel: Channel, id: Int64? = nil) -> [String: SecretBuffer] {
        let texts = [
            "name": channel.name, "url": channel.url, "models": channel.models, "group": channel.group,
            "model_mapping": channel.modelMapping, "priority": String(channel.priority), "id": id.map { String($0) } ?? "",
        ]
        return texts.mapValues { SecretBuffer(Array($0.utf8)) }.merging(["key": channel.key]) { $1 }
    }

    private func call(_ step: String, _ values: [String: SecretBuffer]) async -> StepResult? {
        guard let token, !url.isEmpty else { return nil }
        var values = values
        values["base"] = SecretBuffer(Array(SystemSettings.joined(url, "").utf8))
        values["token"] = token
        return try? await providers.call("one-api", step: step, values: values)
    }
}
