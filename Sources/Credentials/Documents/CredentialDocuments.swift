import CofferStore

/// The bytes of the documents about credentials. The first byte is the format, 1.
enum CredentialDocuments {
    static let format: UInt8 = 1

    static func write(_ body: (inout FieldWriter) -> Void) -> SecretBuffer {
        var writer = FieldWriter()
        writer.u8(format)
        body(&writer)
        defer { Wiping.wipe(&writer.bytes) }
        return SecretBuffer(writer.bytes)
    }

    static func read<T>(
        _ bytes: SecretBuffer, _ what: StaticString, _ body: (inout FieldReader) throws(StoreError) -> T
    ) throws(StoreError) -> T {
        defer { withExtendedLifetime(bytes) {} }
        var reader = FieldReader(bytes.bytes, what)
        guard try reader.u8() == format else { throw StoreError(.unknownFormat, "\(what) has a format that this version does not know") }
        let value = try body(&reader)
        try reader.finish()
        return value
    }

    static func damaged(_ what: StaticString) -> StoreError { StoreError(.damaged, "\(what) has fields that do not fit") }

    static func name(_ reader: inout FieldReader, _ what: StaticString) throws(StoreError) -> DocumentName {
        let bytes = try reader.bytes16()
        do throws(NameError) { return try DocumentName(bytes) } catch { throw damaged(what) }
    }

    static func texts(_ reader: inout FieldReader) throws(StoreError) -> [String] {
        let count = Int(try reader.u16())
        var texts: [String] = []
        for _ in 0..<count { texts.append(try reader.text()) }
        return texts
    }

    static func map(_ reader: inout FieldReader) throws(StoreError) -> [String: String] {
        let count = Int(try reader.u16())
        var map: [String: String] = [:]
        for _ in 0..<count {
            let key = try reader.text()
            map[key] = try reader.text()
        }
        return map
    }

    // MARK: Settings

    static func encode(_ credential: Credential) -> SecretBuffer {
        write { writer in
            writer.u64(credential.number)
            writer.u64(credential.tenant)
            writer.bytes16(credential.name.bytes)
            writer.text(credential.provider)
            writer.text(credential.email)
            writer.text(credential.clientID)
            writer.texts(credential.tags)
            writer.text(credential.memo)
            writer.bool(credential.isEnabled)
            writer.map(credential.parameters)
            writer.map(credential.attributes)
            writer.texts(credential.secretNames)
            writer.text(credential.proxyHint)
            writer.u64(credential.created)
            writer.u64(credential.updated)
            writer.u64(credential.deleted)
        }
    }

    /// Without state and tokens, which lie in documents of their own.
    static func credential(_ bytes: SecretBuffer, revision: UInt64) throws(StoreError) -> Credential {
        try read(bytes, "a credential") { (reader) throws(StoreError) in
            Credential(
                number: try reader.u64(), tenant: try reader.u64(), name: try name(&reader, "a credential"), provider: try reader.text(),
                email: try reader.text(), clientID: try reader.text(), tags: try texts(&reader), memo: try reader.text(),
                isEnabled: try reader.bool(), parameters: try map(&reader), attributes: try map(&reader), secretNames: try texts(&reader),
                proxyHint: try reader.text(), created: try reader.u64(), updated: try reader.u64(), deleted: try reader.u64(),
                revision: revision)
        }
    }

    // MARK: State

    static func encode(_ state: CredentialState) -> SecretBuffer {
        write { writer in
            writer.u8(state.phase.rawValue)
            writer.u64(state.since)
            writer.u64(state.until)
            writer.text(state.reason)
            writer.u16(state.failures)
            writer.u64(state.lastRefresh)
            writer.u64(state.lastCheck)
            writer.u64(state.suspectSince)
            writer.u64(state.loginRefused)
            writer.u64(state.fence)
            writer.bytes16(state.doubtful)
            writer.text(state.result)
            writer.u64(state.resultTime)
            writer.u16(UInt16(clamping: state.history.count))
            for step in state.history {
                writer.u64(step.time)
                writer.u8(step.from.rawValue)
                writer.u8(step.to.rawValue)
                writer.text(step.why)
            }
        }
    }

    static func state(_ bytes: SecretBuffer) throws(StoreError) -> CredentialState {
        try read(bytes, "a credential's state") { (reader) throws(StoreError) in
            var state = CredentialState()
            state.phase = try phase(&reader)
            state.since = try reader.u64()
            state.until = try reader.u64()
            state.reason = try reader.text()
            state.failures = try reader.u16()
            state.lastRefresh = try reader.u64()
            state.lastCheck = try reader.u64()
            state.suspectSince = try reader.u64()
            state.loginRefused = try reader.u64()
            state.fence = try reader.u64()
            state.doubtful = try reader.bytes16()
            state.result = try reader.text()
            state.resultTime = try reader.u64()
            for _ in 0..<Int(try reader.u16()) {
                let time = try reader.u64()
                let from = try phase(&reader)
                state.history.append(.init(time: time, from: from, to: try phase(&reader), why: try reader.text()))
            }
            return state
        }
    }

    private static func phase(_ reader: inout FieldReader) throws(StoreError) -> CredentialState.Phase {
        guard let phase = CredentialState.Phase(rawValue: try reader.u8()) else { throw damaged("a credential's state") }
        return phase
    }

    // MARK: Sealed fields

    static func encode(secrets: [String: SecretBuffer]) -> SecretBuffer {
        write { writer in
            writer.u16(UInt16(clamping: secrets.count))
            for (name, value) in secrets.sorted(by: { $0.key < $1.key }) {
                writer.text(name)
                withExtendedLifetime(value) { writer.bytes32(value.bytes) }
            }
        }
    }

    static func secrets(_ bytes: SecretBuffer) throws(StoreError) -> [String: SecretBuffer] {
        try read(bytes, "a credential's sealed fields") { (reader) throws(StoreError) in
            var secrets: [String: SecretBuffer] = [:]
            for _ in 0..<Int(try reader.u16()) {
                let name = try reader.text()
                secrets[name] = SecretBuffer(copying: try reader.slice32())
            }
            return secrets
        }
    }

    // MARK: Tokens

    /// Bytes in front of a token's value.
    static let tokenHead = 1 + 8 + 8

    /// The value goes from buffer to buffer.
    static func encode(token value: SecretBuffer, _ fact: TokenFact) -> SecretBuffer {
        SecretBuffer(count: tokenHead + value.count) { output in
            output[0] = format
            output.storeBytes(of: fact.expires.bigEndian, toByteOffset: 1, as: UInt64.self)
            output.storeBytes(of: fact.obtained.bigEndian, toByteOffset: 9, as: UInt64.self)
            UnsafeMutableRawBufferPointer(rebasing: output[tokenHead...]).copyMemory(from: value.bytes)
            withExtendedLifetime(value) {}
        }
    }

    static func token(_ bytes: SecretBuffer, kind: String) throws(StoreError) -> (fact: TokenFact, value: SecretBuffer) {
        try read(bytes, "a token") { (reader) throws(StoreError) in
            let fact = TokenFact(kind: kind, expires: try reader.u64(), obtained: try reader.u64())
            return (fact, SecretBuffer(copying: try reader.slice(reader.remaining)))
        }
    }

    /// Its expiry and age alone, and the mark of a refresh token; the value is not copied.
    static func fact(_ bytes: SecretBuffer, kind: String) throws(StoreError) -> (fact: TokenFact, mark: TokenMark?) {
        try read(bytes, "a token") { (reader) throws(StoreError) in
            let fact = TokenFact(kind: kind, expires: try reader.u64(), obtained: try reader.u64())
            let value = try reader.slice(reader.remaining)
            return (fact, kind == TokenHolders.kind ? TokenMark(value) : nil)
        }
    }
}

extension FieldWriter {
    mutating func texts(_ texts: [String]) {
        u16(UInt16(clamping: texts.count))
        for text in texts { self.text(text) }
    }

    /// In the order of the names: the same map gives the same bytes.
    mutating func map(_ map: [String: String]) {
        u16(UInt16(clamping: map.count))
        for (key, value) in map.sorted(by: { $0.key < $1.key }) {
            text(key)
            text(value)
        }
    }
}
