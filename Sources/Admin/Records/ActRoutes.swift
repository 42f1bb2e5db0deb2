import CofferClient
import CofferJSON
import CofferRecords
import CofferWire

/// What is done with credentials, pools, schedules and sinks (protocol.md, "Acts").
enum ActRoutes {
    static func routes(_ collection: RecordCollection) -> [AdminRoute] {
        collection.acts.map { act in route(collection, act) }
    }

    /// Before the records' own: `acts` is no id.
    static func batchRoutes(_ collection: RecordCollection) -> [AdminRoute] {
        collection.name == "credentials" ? [batch(collection)] : []
    }

    private static let bodySchema = Schema.optional(.object([.init("secret", .map, "of step: parameters of this one call")]))
    private static let answerSchema = Schema.object([
        .init("record", .object([]), required: true, "as it is now"), .init("result", .text, required: true, "for people"),
        .init("details", .map, required: true, "for programs: protocol.md, Acts"), .init("secret", .text, "what was asked to be shown"),
    ])

    private static func route(_ collection: RecordCollection, _ act: String) -> AdminRoute {
        let codec = RecordCodec(collection: collection)
        return AdminRoute(
            "POST", "/v1/\(collection.name)/{id}/\(act)", "\(act)\(collection.title)", tag: collection.name, "Act \(act) of protocol.md",
            body: bodySchema, answer: answerSchema, access: act == "reveal" ? .stepUp : .caller
        ) { call in
            let secret = try act == "step" ? secret(&call.body) : nil
            let options = try RecordCodec.options(&call.body)
            let result = try await call.client().act(act, collection.shape.noun, id: call.text("id"), options: options, secret: secret)
            return reply(codec, result)
        }
    }

    private static func secret(_ body: inout AdminBody) throws(AdminFailure) -> SecretBytes? {
        guard let value = body.value("secret") else { return nil }
        guard case .object(let members) = value, members.allSatisfy({ $0.1.string != nil }) else {
            throw .invalid("secret", "must be an object of texts")
        }
        return SecretBytes(value.encoded())
    }

    private static func reply(_ codec: RecordCodec, _ result: ActResult) -> AdminReply {
        var members: [(String, JSONValue)] = [
            ("record", codec.json(result.record)), ("result", .string(result.result)),
            ("details", .object(result.details.map { ($0.name, .string($0.value)) })),
        ]
        if let secret = result.secret { members.append(RecordCodec.shown(secret)) }
        var reply = AdminReply.json(.object(members))
        reply.isSecret = result.secret != nil
        return reply
    }

    // MARK: Many at once

    private static let batchActs = ["refresh", "relogin", "check", "revive", "enable", "disable", "delete"]
    /// Acts that run side by side: the upstreams have limits of their own.
    private static let width = 8

    private static func batch(_ collection: RecordCollection) -> AdminRoute {
        AdminRoute(
            "POST", "/v1/\(collection.name)/acts", "actOn\(collection.title)s", tag: collection.name,
            "Does the same with many; each has an outcome of its own",
            body: .object([.init("act", .word(batchActs), required: true), .init("ids", .list(.text), required: true, "1 to 1,000")]),
            answer: .object([
                .init("results", .list(.object([
                    .init("id", .text, required: true), .init("ok", .flag, required: true), .init("result", .text),
                    .init("code", .text, "why not"), .init("detail", .text),
                ])), required: true)
            ])
        ) { call in
            let act = try call.body.text("act", 1...32)
            let ids = try call.body.texts("ids", 1...1_000, each: 1...600)
            try call.body.finish()
            guard batchActs.contains(act) else { throw AdminFailure.invalid("act", "must be one of \(batchActs.joined(separator: ", "))") }
            let client = try call.client()
            let noun = collection.shape.noun
            let results = await withTaskGroup(of: (Int, JSONValue).self) { group in
                var results = [JSONValue](repeating: .null, count: ids.count)
                var next = 0
                while next < min(width, ids.count) {
                    let index = next
                    group.addTask { (index, await one(client, noun, act, ids[index])) }
                    next += 1
                }
                while let (index, result) = await group.next() {
                    results[index] = result
                    guard next < ids.count else { continue }
                    let following = next
                    group.addTask { (following, await one(client, noun, act, ids[following])) }
                    next += 1
                }
                return results
            }
            return .json(.object([("results", .array(results))]))
        }
    }

    private static func one(_ client: CofferClient, _ noun: String, _ act: String, _ id: String) async -> JSONValue {
        do {
            let result: String
            switch act {
            case "enable", "disable":
                _ = try await client.updateRecord(noun, id: id, fields: [RecordField("enabled", act == "enable" ? "true" : "false")])
                result = "\(act)d"
            case "delete":
                try await client.deleteRecords(noun, ids: [id])
                result = "deleted"
            default: result = try await client.act(act, noun, id: id).result
            }
            return .object([("id", .string(id)), ("ok", .bool(true)), ("result", .string(result))])
        } catch {
            let failure = AdminFailure(any: error)
            return .object([
                ("id", .string(id)), ("ok", .bool(false)), ("code", .string(failure.code)), ("detail", .string(failure.message)),
            ])
        }
    }
}
