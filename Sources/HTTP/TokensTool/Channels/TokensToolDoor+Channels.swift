import CofferCredentials
import CofferJSON
import CofferStore

// Channels of one-api that follow a token (compat/tokenstool.md 1.5).
extension TokensToolDoor {
    func listChannels(_ call: HTTPCall) throws(TokensToolFailure) -> JSONValue {
        guard let part = call.queryValue("name") else { throw .badRequest }
        return .array(memory.channels.filter { $0.name.holds(part) }.map(\.json))
    }

    func addChannel(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let channel = try read(fields)
        // The original makes the channel first and fails then: here nothing is made.
        guard !channel.name.isEmpty, fields.isThere("priority") else { throw .refused(TokensToolMessage.addFailed) }
        guard !channel.tokenValue.isEmpty, await oneAPI.add(call(channel)) else { throw .refused(TokensToolMessage.channelAddUpstreamFailed) }
        try await save(channel, principal, failing: TokensToolMessage.channelAddFailed)
        return .string(TokensToolMessage.channelAdded)
    }

    func editChannel(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let channel = try read(fields)
        guard !channel.name.isEmpty, !channel.tokenValue.isEmpty else { throw .refused(TokensToolMessage.editFailed) }
        let text: String
        switch await oneAPI.change(call(channel)) {
        case .changed: text = TokensToolMessage.channelEdited
        case .added: text = TokensToolMessage.channelEditedAsNew
        case .notAdded: throw .refused(TokensToolMessage.newChannelFailed)
        case .failed: throw .refused(TokensToolMessage.channelEditFailed)
        }
        try await save(channel, principal, failing: TokensToolMessage.editFailed)
        return .string(text)
    }

    func deleteChannel(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let name = try fields.text("oneApi_name") ?? ""
        guard memory.channels.contains(where: { $0.name == name }) else { throw .refused(TokensToolMessage.poolUnknown) }
        guard await oneAPI.delete(name) else { throw .refused(TokensToolMessage.channelDeleteUpstreamFailed) }
        try await memory.changeChannels(failing: TokensToolMessage.deleteFailed, by: principal) { channels in
            channels.removeAll { $0.name == name }
        }
        return .string(TokensToolMessage.deleted)
    }

    /// Tells one-api of the tokens that have changed since; those that have not are left alone.
    func refreshChannels(_ principal: String) async throws(TokensToolFailure) -> String {
        var good = 0
        var unchanged = 0
        var bad = 0
        for var channel in memory.channels {
            guard let share = shareToken(channel.tokenName) else {
                bad += 1
                continue
            }
            if share == channel.tokenValue {
                unchanged += 1
                continue
            }
            channel.tokenValue = share
            channel.time = time.text(settings.clock())
            switch await oneAPI.change(call(channel)) {
            case .changed, .added:
                try await save(channel, principal, failing: TokensToolMessage.channelEditFailed)
                good += 1
            case .notAdded, .failed: bad += 1
            }
        }
        return TokensToolMessage.channelsRefreshed(good, unchanged, bad)
    }

    /// The token that the channel is to have is the one that its token has now; what the client sends counts where there is none.
    private func read(_ fields: BodyFields) throws(TokensToolFailure) -> ShareChannel {
        var channel = try ShareChannel(fields, time: time.text(settings.clock()))
        if let share = shareToken(channel.tokenName) { channel.tokenValue = share }
        return channel
    }

    private func shareToken(_ name: String) -> String? {
        guard let credential = findToken(name), credential.isForAPI, credential.fact(TokenNames.share) != nil else { return nil }
        return (try? credentials.credentials.token(credential.number, kind: TokenNames.share))?.text
    }

    private func call(_ channel: ShareChannel) -> OneAPICalls.Channel {
        OneAPICalls.Channel(
            name: channel.name, key: channel.tokenValue.secret, url: channel.baseURL, models: channel.models, group: channel.groups,
            modelMapping: channel.modelMapping, priority: channel.priority)
    }

    /// One of this name that is there keeps its place.
    private func save(_ channel: ShareChannel, _ principal: String, failing text: String) async throws(TokensToolFailure) {
        try await memory.changeChannels(failing: text, by: principal) { channels in
            if let place = channels.firstIndex(where: { $0.name == channel.name }) {
                channels[place] = channel
            } else {
                channels.append(channel)
            }
        }
    }
}
