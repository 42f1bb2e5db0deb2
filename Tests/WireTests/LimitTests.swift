import CofferWire
import Testing

/// The limits on names and other fields, at each side of the line.
struct LimitTests {
    func refusal<Message: WireMessage>(_ message: Message) -> String? {
        do throws(WireError) {
            let decoded = try Message(decoding: message.encoded())
            #expect(decoded == message)
            return nil
        } catch { return error.description }
    }

    func bytes(_ count: Int) -> [UInt8] { Array(repeating: 0x61, count: count) }
    let tooLong = "a field is longer than its limit"
    let tooShort = "a field is shorter than its limit"

    @Test("names of secrets", arguments: [0, 1, 255, 256, 511, 512])
    func names(_ count: Int) {
        let name = bytes(count)
        #expect(refusal(GetRequest(name: name)) == nil)
        #expect(refusal(PutRequest(name: name, value: [])) == nil)
        #expect(refusal(InfoRequest(name: name)) == nil)
        #expect(refusal(VersionRequest(name: name, version: 1)) == nil)
        #expect(refusal(UpdateRequest(name: name, settings: SecretSettings())) == nil)
        #expect(refusal(WatchRequest(exact: true, name: name)) == nil)
        #expect(refusal(ListRequest(prefix: name, cursor: .init(incarnation: .zero, after: name))) == nil)
        #expect(refusal(ExportRequest(prefix: name)) == nil)
        #expect(refusal(TransferChunk(entries: [TransferEntry(name: name, value: [])])) == nil)
    }

    @Test("names of secrets that are too long", arguments: [513, 1_024, 65_535])
    func longNames(_ count: Int) {
        let name = bytes(count)
        #expect(refusal(GetRequest(name: name)) == "name: \(tooLong)")
        #expect(refusal(PutRequest(name: name, value: [])) == "name: \(tooLong)")
        #expect(refusal(InfoRequest(name: name)) == "name: \(tooLong)")
        #expect(refusal(VersionRequest(name: name, version: 1)) == "name: \(tooLong)")
        #expect(refusal(UpdateRequest(name: name, settings: SecretSettings())) == "name: \(tooLong)")
        #expect(refusal(WatchRequest(exact: true, name: name)) == "name: \(tooLong)")
        #expect(refusal(ListRequest(prefix: name)) == "prefix: \(tooLong)")
        #expect(refusal(ListRequest(cursor: .init(incarnation: .zero, after: name))) == "after: \(tooLong)")
        #expect(refusal(ExportRequest(prefix: name)) == "prefix: \(tooLong)")
        #expect(refusal(TransferChunk(entries: [TransferEntry(name: name, value: [])])) == "entry.name: \(tooLong)")
    }

    @Test("names that a server sends are never empty")
    func emptyNames() {
        #expect(refusal(ListPage(revision: 1, entries: [.init(name: [], deleted: false)])) == "entry.name: \(tooShort)")
        #expect(refusal(WatchEvent.change(.init(
            revision: 1, ordinal: 0, last: true, operation: .put, version: 1, name: [], value: nil))) == "name: \(tooShort)")
    }

    @Test("bytes of names are not text: every byte is well-formed")
    func anyByte() {
        for byte in UInt8.min...UInt8.max { #expect(refusal(GetRequest(name: [byte])) == nil) }
    }

    @Test("other names")
    func otherNames() {
        for (count, complaint) in [(0, tooShort), (1, nil), (255, nil), (256, tooLong)] {
            let text = String(repeating: "n", count: count)
            #expect(refusal(PolicyNameRequest(name: text)) == complaint.map { "name: \($0)" })
            #expect(refusal(HelloRequest(tenant: text)) == complaint.map { "tenant: \($0)" })
        }
        // Limits count bytes, not characters.
        #expect(refusal(PolicyNameRequest(name: String(repeating: "ü", count: 127))) == nil)
        #expect(refusal(PolicyNameRequest(name: String(repeating: "ü", count: 128))) == "name: \(tooLong)")
    }

    @Test("texts keep their bytes: nothing is normalised")
    func normalisation() throws {
        for text in ["\u{E9}", "e\u{301}", "\u{212B}", "\u{C5}", "\r\n"] {
            let body = PolicyNameRequest(name: text).encoded()
            #expect(try PolicyNameRequest(decoding: body).encoded() == body)
            #expect(Array(body.dropFirst(2)) == Array(text.utf8))
        }
    }

    @Test("values")
    func values() {
        for (count, complaint) in [(0, nil), (1_048_576, nil), (1_048_577, "value: \(tooLong)")] {
            let value = bytes(count)
            #expect(refusal(PutRequest(name: [0x61], value: value)) == complaint)
            #expect(refusal(GetResponse(version: 1, revision: 1, expires: 0, value: value, contentType: "")) == complaint)
        }
    }

    @Test("the largest put fits a frame, whatever it carries")
    func largestPut() {
        let body = Request(PutRequest(
            name: ValidCases.longestName, value: bytes(Limits.value), expected: .at(incarnation: .zero, version: .max),
            idempotencyKey: .zero, contentType: String(repeating: "c", count: 255), settings: ValidCases.largestSettings)).encoded()
        #expect(body.count + FrameHeader.countedSize <= Limits.frame)
        let entry = TransferChunk(entries: [TransferEntry(
            name: ValidCases.longestName, value: bytes(Limits.value), version: .max, expires: .max,
            contentType: String(repeating: "c", count: 255), settings: ValidCases.largestSettings)]).encoded()
        #expect(entry.count + FrameHeader.countedSize <= Limits.frame)
    }

    @Test("the limits are those of protocol.md")
    func limits() {
        #expect(Limits.frame == 1_114_112)
        #expect(Limits.handshakeFrame == 4_096)
        #expect(Limits.value == 1_048_576)
        #expect(Limits.secretName == 512)
        #expect(Limits.nameSegment == 255)
        #expect(Limits.otherName == 255)
        #expect(Limits.label == 1_024)
        #expect(Limits.contentType == 255)
        #expect(Limits.metadataPairs == 64 && Limits.metadataKey == 128 && Limits.metadataValue == 512)
        #expect(Limits.tags == 64 && Limits.tag == 128)
        #expect(Limits.requestsInFlight == 256)
        #expect(Limits.unsentOutput == 4_194_304)
        #expect(Limits.pageSize == 1_000)
        #expect(Limits.keptVersions == 100)
        #expect(Limits.policySource == 262_144)
        #expect(Limits.slotSecret == 1_024)
        #expect(Limits.message == 4_096)
        #expect(Limits.token == 65_536 && Limits.tokenKind == 64 && Limits.stickyKey == 128 && Limits.lease == 16)
        #expect(Limits.verb == 32 && Limits.stateWord == 32 && Limits.actResult == 1_024 && Limits.credentialRows == 1_000)
        #expect(Limits.backupChunk == 1_048_576 && Limits.backupDigest == 32 && Limits.backupKinds == 256 && Limits.backupKind == 64)
        #expect(Limits.restorePatterns == 100 && Limits.restoreNames == 1_000 && Limits.scheduledBackups == 1_000)
        #expect(ProtocolVersion.minimum == 1 && ProtocolVersion.maximum == 1)
    }
}
