import CofferClient
import CofferJSON
import CofferWire

/// What is known of secrets, as JSON and back.
enum SecretJSON {
    static let schema = Schema.object([
        .init("name", .text, "absent where it is no UTF-8"), .init("name_base64", .text), .init("deleted", .flag), .init("version", .nullable(.number), "the active one"),
        .init("latest", .number), .init("created", .moment), .init("updated", .moment), .init("expires", .moment), .init("revision", .number),
        .init("keep_last", .number), .init("delete_after", .number), .init("metadata", .map), .init("tags", .list(.text)),
        .init("versions", .list(version)),
    ])

    private static let version = Schema.object([
        .init("version", .number, required: true), .init("state", .word(["live", "deleted", "destroyed", "expired"]), required: true),
        .init("created", .moment), .init("expires", .moment), .init("deleted", .moment), .init("size", .number), .init("content_type", .text),
        .init("created_by", .text),
    ])

    private static let settingMembers: [Schema.Member] = [
        .init("metadata", .map), .init("tags", .list(.text)), .init("keep_last", .number), .init("delete_after", .number),
    ]
    static let settingsSchema = Schema.object(settingMembers)
    static let putSchema = Schema.object(
        [
            .init("value", .text, "this or value_base64"), .init("value_base64", .text), .init("expires", .moment), .init("content_type", .text),
            .init("activate", .flag),
        ] + settingMembers)

    static func moment(_ milliseconds: UInt64) -> JSONValue { milliseconds == 0 ? .null : .exact(milliseconds) }

    static func name(_ bytes: [UInt8]) -> (String, JSONValue) {
        if let text = String(validating: bytes, as: UTF8.self) { return ("name", .string(text)) }
        return ("name_base64", .string(bytes.withUnsafeBytes { Base64Text.encoded($0) }))
    }

    static func value(_ secret: SecretBytes) -> (String, JSONValue) {
        secret.withUnsafeBytes { bytes in
            if let text = String(validating: bytes, as: UTF8.self) { return ("value", .string(text)) }
            return ("value_base64", .string(Base64Text.encoded(bytes)))
        }
    }

    // MARK: Names

    /// A name in a list. Who may list it and not look at it sees the name alone.
    static func entry(_ entry: ListPage.Entry, _ client: CofferClient) async throws -> JSONValue {
        let known: [(String, JSONValue)] = [name(entry.name), ("deleted", .bool(entry.deleted))]
        do {
            return .object(known + members(try await client.info(entry.name)))
        } catch let error as ClientError where [.denied, .notFound].contains(error.code) {
            return .object(known)
        }
    }

    static func full(_ bytes: [UInt8], _ info: InfoResponse) -> JSONValue {
        .object(
            [name(bytes), ("deleted", .bool(info.deleted))] + members(info) + [
                ("versions", .array(info.versions.map { version in
                    .object([
                        ("version", .exact(version.version)), ("state", .string("\(version.state)")), ("created", moment(version.created)),
                        ("expires", moment(version.expires)), ("deleted", moment(version.deleted)), ("size", .integer(Int64(version.size))),
                        ("content_type", .string(version.contentType)), ("created_by", .string(version.createdBy)),
                    ])
                }))
            ])
    }

    private static func members(_ info: InfoResponse) -> [(String, JSONValue)] {
        let active = info.versions.first { $0.version == info.activeVersion }
        return [
            ("version", info.activeVersion == 0 ? .null : .exact(info.activeVersion)), ("latest", .exact(info.latestVersion)),
            ("created", moment(info.created)), ("updated", moment(info.updated)), ("expires", moment(active?.expires ?? 0)),
            ("revision", .exact(info.revision)), ("keep_last", .integer(Int64(info.keepLast))), ("delete_after", .exact(info.deleteAfter)),
            ("metadata", .object(info.metadata.map { ($0.key, .string($0.value)) })), ("tags", .strings(info.tags)),
        ]
    }

    // MARK: Requests

    static func value(_ body: inout AdminBody) throws(AdminFailure) -> SecretBytes {
        switch (body.value("value"), body.value("value_base64")) {
        case (.string(let text)?, nil): return SecretBytes(Array(text.utf8))
        case (nil, .string(let text)?):
            guard let bytes = Base64Text.decoded(text) else { throw .invalid("value_base64", "must be base64") }
            return SecretBytes(bytes)
        case (nil, nil): throw .invalid("value", "either value or value_base64 must be there")
        case (_?, _?): throw .invalid("value", "value and value_base64 exclude each other")
        case (_?, nil): throw .invalid("value", "must be a text")
        case (nil, _?): throw .invalid("value_base64", "must be a text")
        }
    }

    static func settings(_ body: inout AdminBody) throws(AdminFailure) -> SecretSettings {
        var settings = SecretSettings()
        if let value = body.value("metadata") {
            guard case .object(let members) = value else { throw .invalid("metadata", "must be an object of texts") }
            var pairs: [MetadataPair] = []
            for (key, value) in members {
                guard case .string(let text) = value, !pairs.contains(where: { $0.key == key }) else {
                    throw .invalid("metadata", "must be an object of texts, each name once")
                }
                pairs.append(MetadataPair(key: key, value: text))
            }
            settings.metadata = pairs.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
        }
        if body.names.contains("tags") {
            settings.tags = Set(try body.texts("tags", 0...64, each: 1...255)).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        }
        if body.names.contains("keep_last") { settings.keepLast = UInt16(try body.number("keep_last", 0...Int64(UInt16.max))) }
        if body.names.contains("delete_after") { settings.deleteAfter = UInt64(try body.number("delete_after", 0...Int64.max)) }
        return settings
    }
}

/// Where a list of names goes on: a position that only this store understands.
enum SecretCursor {
    static func text(_ cursor: ListRequest.Cursor) -> String { Hexadecimal.text(cursor.incarnation.bytes + cursor.after) }

    static func read(_ text: String) throws(AdminFailure) -> ListRequest.Cursor {
        guard let bytes = Hexadecimal.bytes(text), bytes.count > Bytes16.size, let incarnation = Bytes16(Array(bytes.prefix(Bytes16.size))) else {
            throw .invalid("after", "must be next of the page before")
        }
        return ListRequest.Cursor(incarnation: incarnation, after: Array(bytes.dropFirst(Bytes16.size)))
    }
}
