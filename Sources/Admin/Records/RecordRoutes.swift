import CofferClient
import CofferJSON
import CofferRecords
import CofferWire

/// Lists, shows, makes, changes and deletes the records of a noun.
enum RecordRoutes {
    static func routes(_ collection: RecordCollection) -> [AdminRoute] {
        let codec = RecordCodec(collection: collection)
        let (path, title, noun) = ("/v1/\(collection.name)", collection.title, collection.shape.noun)
        let item = Schema.named(title)
        var routes = [
            AdminRoute(
                "GET", path, "list\(title)s", tag: collection.name, "Some of them, and how to go on",
                query: collection.filters.map { .init(name: $0, summary: "only those that match") } + paging, answer: .page(item)
            ) { call in
                var filter: [RecordField] = []
                for name in collection.filters { if let value = try call.query(name) { filter.append(RecordField(name, value)) } }
                let page = try await call.client().records(noun, filter: filter, after: call.query("after") ?? "", limit: call.limit())
                return .json(.object([
                    ("items", .array(page.records.map { codec.json($0) })), ("next", page.next.isEmpty ? .null : .string(page.next)),
                    ("total", .exact(page.total)),
                ]))
            }
        ]
        if collection.creates {
            routes.append(AdminRoute(
                "POST", path, "create\(title)", tag: collection.name, "Makes one", body: collection.requestSchema, status: 201, answer: item
            ) { call in
                let secret = try codec.secret(&call.body)
                let (record, drawn) = try await call.client().createRecord(noun, fields: codec.fields(&call.body), secret: secret)
                var reply = reply(codec, record, drawn)
                reply.status = 201
                reply.headers.append(("Location", "\(path)/\(PercentText.encoded(record.id.utf8))"))
                return reply
            })
        }
        if collection.deletes { routes.append(deleteMany(collection)) }
        routes.append(AdminRoute(
            "GET", "\(path)/{id}", "get\(title)", tag: collection.name, "One of them", headers: ["If-None-Match"], answer: item
        ) { call in
            let record = try await call.client().record(noun, id: call.text("id"))
            // A record that changes without a revision is always sent.
            if record.revision != 0, call.hasAlready(record.revision), collection.acts.isEmpty { return .notModified }
            return reply(codec, record)
        })
        if collection.updates {
            routes.append(AdminRoute(
                "PATCH", "\(path)/{id}", "update\(title)", tag: collection.name, "Changes the fields that are given", headers: ["If-Match"],
                body: collection.requestSchema, answer: item
            ) { call in
                let expected = try call.ifMatch() ?? 0
                let secret = try codec.secret(&call.body)
                do {
                    let fields = try codec.fields(&call.body)
                    return reply(codec, try await call.client().updateRecord(noun, id: call.text("id"), fields: fields, secret: secret, expected: expected))
                } catch let error as ClientError where error.code == .conflict && expected != 0 {
                    throw AdminFailure.changed(error.message)
                }
            })
        }
        if collection.deletes {
            routes.append(AdminRoute(
                "DELETE", "\(path)/{id}", "delete\(title)", tag: collection.name, "Deletes it", headers: ["If-Match"], status: 204
            ) { call in
                let (client, id) = (try call.client(), try call.text("id"))
                if let expected = try call.ifMatch(), try await client.record(noun, id: id).revision != expected {
                    throw AdminFailure.changed("it was changed since")
                }
                try await client.deleteRecords(noun, ids: [id])
                return .nothing
            })
        }
        return routes
    }

    static let paging: [AdminRoute.Parameter] = [
        .init(name: "after", summary: "next of the page before"), .init(name: "limit", schema: .number, summary: "1 to 1,000; default 100"),
    ]

    static func reply(_ codec: RecordCodec, _ record: Record, _ secret: SecretBytes? = nil) -> AdminReply {
        var json = codec.json(record)
        if let secret, !secret.isEmpty, case .object(let fields) = json { json = .object(fields + [RecordCodec.shown(secret)]) }
        var reply = AdminReply.json(json)
        reply.isSecret = secret != nil
        return record.revision == 0 ? reply : reply.tagged(record.revision)
    }

    private static func deleteMany(_ collection: RecordCollection) -> AdminRoute {
        AdminRoute(
            "POST", "/v1/\(collection.name)/delete", "delete\(collection.title)s", tag: collection.name, "Deletes several: all of them, or none where one is not there",
            body: .object([.init("ids", .list(.text), required: true)]), answer: .object([.init("deleted", .number, required: true)])
        ) { call in
            let ids = try call.body.texts("ids", 1...10_000, each: 1...600)
            try call.body.finish()
            let count = try await call.client().deleteRecords(collection.shape.noun, ids: ids)
            return .json(.object([("deleted", .integer(Int64(count)))]))
        }
    }
}
