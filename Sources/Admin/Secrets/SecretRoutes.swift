import CSodium
import CofferClient
import CofferHTTP
import CofferJSON
import CofferWire

/// Secrets: names, versions, metadata; values apart.
enum SecretRoutes {
    static var routes: [AdminRoute] { [list, put, info, update, delete, value, undelete, activate, destroy] }

    private static let tag = "secrets"
    private static let path = "/v1/secrets/{name}"

    // MARK: Reading

    private static var list: AdminRoute {
        AdminRoute(
            "GET", "/v1/secrets", "listSecrets", tag: tag, "Names in the order of their bytes, with what may be known of them",
            query: [
                .init(name: "prefix", summary: "names that begin with it"),
                .init(name: "deleted", schema: .flag, summary: "true: also those that are deleted and can come back"),
            ] + RecordRoutes.paging, answer: .page(.named("Secret"))
        ) { call in
            let client = try call.client()
            let prefix = try call.query("prefix", 0...512) ?? ""
            let cursor = try call.query("after").map { (text) throws(AdminFailure) in try SecretCursor.read(text) }
            let page = try await client.list(
                prefix: Array(prefix.utf8), limit: UInt32(call.limit()), cursor: cursor, includeDeleted: call.queryFlag("deleted"))
            let items = try await withThrowingTaskGroup(of: (Int, JSONValue).self) { group in
                for (index, entry) in page.entries.enumerated() {
                    group.addTask { (index, try await SecretJSON.entry(entry, client)) }
                }
                var items = [JSONValue](repeating: .null, count: page.entries.count)
                for try await (index, item) in group { items[index] = item }
                return items
            }
            return .json(.object([("items", .array(items)), ("next", page.cursor.map { .string(SecretCursor.text($0)) } ?? .null)]))
        }
    }

    private static var info: AdminRoute {
        AdminRoute(
            "GET", path, "getSecret", tag: tag, "Everything but the values", headers: ["If-None-Match"], answer: .named("Secret")
        ) { call in
            let name = call.bytes("name")
            let info = try await call.client().info(name)
            return AdminReply.json(SecretJSON.full(name, info)).tagged(max(info.latestVersion, 1))
        }
    }

    private static var value: AdminRoute {
        AdminRoute(
            "GET", "\(path)/value", "getSecretValue", tag: tag, "A value: text, or base64 where it is none",
            query: [.init(name: "version", schema: .number, summary: "default: the active one")],
            answer: .object([
                .init("value", .text), .init("value_base64", .text), .init("version", .number, required: true), .init("expires", .moment),
                .init("content_type", .text),
            ]), access: .stepUp
        ) { call in
            let secret = try await call.client().get(call.bytes("name"), version: call.queryNumber("version", 1...UInt64.max) ?? 0)
            var reply = AdminReply.json(.object([
                SecretJSON.value(secret.value), ("version", .exact(secret.version)), ("expires", SecretJSON.moment(secret.expires)),
                ("content_type", .string(secret.contentType)),
            ]))
            reply.isSecret = true
            return reply
        }
    }

    // MARK: Changing

    private static var put: AdminRoute {
        AdminRoute(
            "PUT", path, "putSecret", tag: tag, "A new version", headers: ["If-Match", "If-None-Match"], body: SecretJSON.putSchema,
            answer: .object([.init("version", .number, required: true), .init("revision", .number, required: true)])
        ) { call in
            let name = call.bytes("name")
            let value = try SecretJSON.value(&call.body)
            var options = PutOptions()
            options.activate = try call.body.flag("activate", default: true)
            options.expires = try call.body.moment("expires") ?? 0
            options.contentType = try call.body.text("content_type", 0...255, default: "")
            options.settings = try SecretJSON.settings(&call.body)
            try call.body.finish()
            options.expected = try expectation(call)
            if let key = call.http.header("Idempotency-Key") { options.idempotencyKey = idempotencyKey(key, name, value) }
            let result = try await conditionally(call) { try await call.client().put(name, value: value, options: options) }
            return AdminReply.json(.object([("version", .exact(result.version)), ("revision", .exact(result.revision))])).tagged(result.version)
        }
    }

    private static var update: AdminRoute {
        AdminRoute(
            "PATCH", path, "updateSecret", tag: tag, "Changes what belongs to the name, without a new version", headers: ["If-Match"],
            body: SecretJSON.settingsSchema, answer: .named("Change")
        ) { call in
            let settings = try SecretJSON.settings(&call.body)
            try call.body.finish()
            guard !settings.isEmpty else { throw AdminFailure.invalid("", "there is nothing to change") }
            let expected = try expectation(call)
            return try await change(call) { try await $0.update($1, settings: settings, expected: expected) }
        }
    }

    private static var delete: AdminRoute {
        AdminRoute(
            "DELETE", path, "deleteSecret", tag: tag, "Deletes a version, or all of it; it can come back",
            query: [.init(name: "version", schema: .number, summary: "default: the whole name")], headers: ["If-Match"], status: 204
        ) { call in
            let version = try call.queryNumber("version", 1...UInt64.max) ?? 0
            let expected = try expectation(call)
            _ = try await change(call) { try await $0.delete($1, version: version, expected: expected) }
            return .nothing
        }
    }

    private static var undelete: AdminRoute {
        versioned("undelete", "Brings a deleted version back, or the whole name") { try await $0.undelete($1, version: $2, expected: $3) }
    }

    private static var activate: AdminRoute {
        versioned("activate", "Makes this version the one that is read", needsVersion: true) {
            try await $0.activate($1, version: $2, expected: $3)
        }
    }

    private static var destroy: AdminRoute {
        versioned("destroy", "Destroys the value of a version, or of all, for good") { try await $0.destroy($1, version: $2, expected: $3) }
    }

    private static func versioned(
        _ verb: String, _ summary: String, needsVersion: Bool = false,
        _ act: @escaping @Sendable (CofferClient, [UInt8], UInt64, Expectation) async throws -> ChangeResponse
    ) -> AdminRoute {
        let member = Schema.Member("version", .number, required: needsVersion, needsVersion ? "" : "default: the whole name")
        return AdminRoute(
            "POST", "\(path)/\(verb)", "\(verb)Secret", tag: tag, summary, headers: ["If-Match"],
            body: needsVersion ? .object([member]) : .optional(.object([member])), answer: .named("Change")
        ) { call in
            let version = UInt64(try call.body.number("version", 1...Int64.max, default: needsVersion ? nil : 0))
            try call.body.finish()
            let expected = try expectation(call)
            return try await change(call) { try await act($0, $1, version, expected) }
        }
    }

    // MARK: Parts

    private static func change(
        _ call: AdminCall, _ act: @Sendable (CofferClient, [UInt8]) async throws -> ChangeResponse
    ) async throws -> AdminReply {
        let answer = try await conditionally(call) { try await act(call.client(), call.bytes("name")) }
        return .json(.object([("revision", .exact(answer.revision))]))
    }

    private static func expectation(_ call: AdminCall) throws(AdminFailure) -> Expectation {
        if call.wantsNothingThere { return .version(0) }
        return try call.ifMatch().map { .version($0) } ?? .none
    }

    /// What was expected and is not there is 412 where the client had said what it expects.
    private static func conditionally<Answer>(_ call: AdminCall, _ body: () async throws -> Answer) async throws -> Answer {
        do {
            return try await body()
        } catch let error as ClientError where error.code == .conflict && (call.http.header("If-Match") != nil || call.wantsNothingThere) {
            throw AdminFailure.changed(error.message)
        }
    }

    /// The same request again is known even behind a restart of the daemon, and another one under the same key is not taken for it.
    private static func idempotencyKey(_ key: String, _ name: [UInt8], _ value: SecretBytes) -> Bytes16? {
        var digest = [UInt8](repeating: 0, count: 32)
        let text = Array("put\n\(key)\n".utf8) + name
        crypto_hash_sha256(&digest, text, UInt64(text.count))
        return Bytes16(Array(digest.prefix(16)))
    }
}
