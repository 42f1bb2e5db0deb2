import CofferWire

/// The frames of Tests/Vectors/wire/invalid: one flaw each. The bodies are put together field by field, not by the
/// encoder, and what is expected is written down here, not taken from the decoder.
enum InvalidCases {
    /// The bytes of one field, with the name that a complaint about it must give.
    typealias Field = (name: String, bytes: [UInt8])

    static let truncated = "the body ends inside a field"
    static let trailing = "the body has bytes after its last field"
    static let notBoolean = "a flag is neither 0 nor 1"
    static let unknownValue = "a field has a value that the protocol does not define"
    static let tooLong = "a field is longer than its limit"
    static let tooShort = "a field is shorter than its limit"
    static let notUTF8 = "a text is not valid UTF-8"
    static let notSorted = "a list is not in strictly ascending order"
    static let tooMany = "a list has too many items"

    // MARK: Bytes

    static func u8(_ value: UInt8) -> [UInt8] { [value] }
    static func u16(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }
    static func u32(_ value: Int) -> [UInt8] { u16(value >> 16) + u16(value & 0xFFFF) }
    static func u64(_ value: Int) -> [UInt8] { u32(value >> 32) + u32(value & 0xFFFF_FFFF) }
    static func b16(_ bytes: some Collection<UInt8>) -> [UInt8] { u16(bytes.count) + Array(bytes) }
    static func b32(_ bytes: some Collection<UInt8>) -> [UInt8] { u32(bytes.count) + Array(bytes) }
    static func text(_ text: String) -> [UInt8] { b16(text.utf8) }
    static func times(_ count: Int, _ item: (Int) -> [UInt8]) -> [UInt8] { (0..<count).flatMap(item) }
    static func run(_ count: Int, _ byte: UInt8 = 0x78) -> [UInt8] { Array(repeating: byte, count: count) }
    static let sixteen = Array<UInt8>(0x60...0x6F)
    static let badTexts: [(String, [UInt8])] = [
        ("continuation", [0x80]), ("overlong", [0xC0, 0xAF]), ("surrogate", [0xED, 0xA0, 0x80]),
        ("beyond-unicode", [0xF4, 0x90, 0x80, 0x80]), ("cut", [0x61, 0xE2, 0x82]),
    ]

    // MARK: Frames

    static func raw(_ name: String, _ comment: String, _ expect: Vector.Expectation, _ bytes: [UInt8], limit: Int = Limits.frame,
                    from direction: Direction = .client) -> Vector {
        Vector(comment: comment, name: name, direction: direction, limit: limit, message: nil, expect: expect, bytes: bytes)
    }

    static let ping = ValidCases.frame(.request, Operation.ping.rawValue, 7, [0, 0, 0, 0])

    static func pingWith(kind: UInt8 = 1, reserved: UInt8 = 0) -> [UInt8] {
        var bytes = ping
        bytes[4] = kind
        bytes[5] = reserved
        return bytes
    }

    static let frames: [Vector] =
        [
            raw("frame-length-0", "", .frame("the frame's length is below 8"), u32(0) + ping.dropFirst(4)),
            raw("frame-length-1", "", .frame("the frame's length is below 8"), u32(1) + ping.dropFirst(4)),
            raw("frame-length-7", "", .frame("the frame's length is below 8"), u32(7) + ping.dropFirst(4)),
            raw("frame-length-7-alone", "Four bytes suffice to refuse.", .frame("the frame's length is below 8"), u32(7)),
            raw("frame-length-limit-plus-1", "", .frame("the frame's length is above the limit"), u32(1_114_113) + ping.dropFirst(4)),
            raw("frame-length-2-to-31", "", .frame("the frame's length is above the limit"), u32(0x8000_0000) + ping.dropFirst(4)),
            raw("frame-length-largest", "", .frame("the frame's length is above the limit"), u32(0xFFFF_FFFF)),
            raw("frame-length-4097-in-handshake", "", .frame("the frame's length is above the limit"),
                u32(4_097) + [1, 0, 0, 1, 0, 0, 0, 1], limit: Limits.handshakeFrame),
            raw("frame-length-http", "`GET ` read as a length.", .frame("the frame's length is above the limit"),
                Array("GET / HTTP/1.1\r\n\r\n".utf8)),
            raw("frame-kind-0", "", .frame("the frame's kind is unknown"), pingWith(kind: 0)),
            raw("frame-kind-8", "", .frame("the frame's kind is unknown"), pingWith(kind: 8)),
            raw("frame-kind-255", "", .frame("the frame's kind is unknown"), pingWith(kind: 255)),
            raw("frame-kind-8-header-only", "The header suffices to refuse.", .frame("the frame's kind is unknown"),
                Array(pingWith(kind: 8).prefix(12))),
            raw("frame-reserved-1", "", .frame("the frame's reserved byte is not zero"), pingWith(reserved: 1)),
            raw("frame-reserved-255", "", .frame("the frame's reserved byte is not zero"), pingWith(reserved: 255)),
            raw("frame-cut-0", "Nothing at all.", .incomplete(12), []),
        ] + (1..<ping.count).map { count in
            raw("frame-cut-\(count)", "A ping of 16 bytes, cut.", .incomplete(count < 4 ? 12 : 16), Array(ping.prefix(count)))
        } + [
            raw("frame-cut-largest", "A frame of the largest length: only its length is there.", .incomplete(1_114_116), u32(1_114_112)),
            raw("frame-cut-largest-in-handshake", "", .incomplete(4_100), u32(4_096), limit: Limits.handshakeFrame),
        ]

    static func header(_ name: String, _ comment: String, _ expect: Vector.Expectation, _ direction: Direction, _ kind: FrameKind,
                       _ operation: UInt16, _ body: [UInt8], id: UInt32 = 7) -> Vector {
        raw(name, comment, expect, ValidCases.frame(kind, operation, id, body), from: direction)
    }

    static let ok = u16(0)
    static let headers: [Vector] =
        [0x0000, 0x0009, 0x00FF, 0x010C, 0x0205, 0x0305, 0x0312, 0x0408, 0x0414, 0x0505, 0x7FFF, 0xFFFF].map { (number: UInt16) in
            header("operation-\(hex([UInt8(number >> 8), UInt8(number & 0xFF)]).split(separator: " ").joined())",
                "No such operation: answered, the connection goes on.", .unknownOperation, .client, .request, number, u32(0))
        } + [
            header("id-0-request", "Id 0 is the connection itself.", .unexpected, .client, .request, Operation.ping.rawValue, u32(0), id: 0),
            header("id-0-response", "", .unexpected, .server, .response, Operation.ping.rawValue, ok + u64(1), id: 0),
            header("id-0-end-of-operation", "A failure of the connection has operation 0.", .unexpected, .server, .end,
                Operation.list.rawValue, u16(4) + run(6, 0) + text(""), id: 0),
            header("client-sends-response", "", .unexpected, .client, .response, Operation.ping.rawValue, ok + u64(1)),
            header("client-sends-event", "", .unexpected, .client, .event, Operation.watch.rawValue, u8(2) + sixteen + u64(1)),
            header("client-sends-chunk-of-list", "Only import has chunks of the client.", .unexpected, .client, .chunk,
                Operation.list.rawValue, u64(1) + u16(0)),
            header("client-sends-end-of-list", "", .unexpected, .client, .end, Operation.list.rawValue, ok + u64(1) + u8(0)),
            header("client-sends-chunk-of-verify", "", .unexpected, .client, .chunk, Operation.verify.rawValue, u16(0)),
            header("client-sends-credit-for-account-import", "The server gives the credit of an import.", .unexpected, .client, .credit,
                Operation.accountImport.rawValue, u32(1)),
            header("client-sends-credit-for-get", "Only what streams downward takes credit.", .unexpected, .client, .credit,
                Operation.get.rawValue, u32(1)),
            header("client-sends-cancel-of-unknown-operation", "", .unexpected, .client, .cancel, 0x7FFF, []),
            header("server-sends-request", "", .unexpected, .server, .request, Operation.ping.rawValue, u32(0)),
            header("server-sends-cancel", "", .unexpected, .server, .cancel, Operation.ping.rawValue, []),
            header("server-sends-credit-for-list", "", .unexpected, .server, .credit, Operation.list.rawValue, u32(1)),
            header("server-sends-response-to-list", "A list has chunks and an end, no response.", .unexpected, .server, .response,
                Operation.list.rawValue, ok + u64(1) + u8(0)),
            header("server-sends-chunk-of-account-import", "Its results are in its end.", .unexpected, .server, .chunk,
                Operation.accountImport.rawValue, u16(0)),
            header("server-sends-response-to-account-import", "", .unexpected, .server, .response, Operation.accountImport.rawValue,
                ok + u64(1) + u32(0) + u16(0) + u32(0)),
            header("server-sends-event-of-list", "", .unexpected, .server, .event, Operation.list.rawValue, u8(2) + sixteen + u64(1)),
            header("server-sends-end-of-get", "", .unexpected, .server, .end, Operation.get.rawValue, u16(4) + run(6, 0) + text("")),
        ]

    // MARK: Bodies

    /// A message as its fields, for all that can be wrong with it.
    struct Shape {
        var name: String
        var direction: Direction
        var kind: FrameKind
        var operation: Operation
        var message: String
        var limit = Limits.frame
        var fields: [Field]

        func vector(_ flaw: String, _ complaint: String, _ body: [UInt8]) -> Vector { vector(flaw, "", complaint, body) }

        func vector(_ flaw: String, _ comment: String, _ complaint: String, _ body: [UInt8]) -> Vector {
            Vector(comment: comment, name: "\(name)-\(flaw)", direction: direction, limit: limit, message: message,
                expect: .body(complaint), bytes: ValidCases.frame(kind, operation.rawValue, 7, body))
        }

        /// One field replaced; `complaint` is the field that is then named, where it is another.
        func with(_ flaw: String, _ comment: String = "", field: String, _ bytes: [UInt8], _ reason: String, complaint: String? = nil) -> Vector {
            precondition(fields.contains { $0.name == field }, "\(name): \(field)")
            return vector(flaw, comment, "\(complaint ?? field): \(reason)",
                fields.flatMap { $0.name == field ? bytes : $0.bytes })
        }

        /// Cut inside each field (before its last byte), and a byte too many.
        var cuts: [Vector] {
            var before: [UInt8] = []
            var result: [Vector] = []
            var number = 0
            for field in fields {
                number += 1
                let complaint =
                    switch field.name {
                    case "incarnation", "nonce", "store_id": "bytes16"
                    // Nothing is left for the one item: the count itself is refused.
                    case "item.result": "items"
                    default: field.name
                    }
                result.append(vector("cut-\(number < 10 ? "0" : "")\(number)-\(field.name)", "Cut before the last byte of this field.",
                    "\(complaint): \(truncated)", before + field.bytes.dropLast()))
                before += field.bytes
            }
            result.append(vector("trailing", "One byte too many.", trailing, before + [0]))
            return result
        }

        func badTexts(_ field: String) -> [Vector] {
            InvalidCases.badTexts.map { bad, bytes in
                with("\(field)-utf8-\(bad)", field: field, b16(bytes), notUTF8)
            }
        }
    }

    static func request(_ operation: Operation, _ fields: [Field], limit: Int = Limits.frame) -> Shape {
        Shape(name: "\(operation)", direction: .client, kind: .request, operation: operation, message: "\(operation) request",
            limit: limit, fields: [("deadline", u32(0))] + fields)
    }

    static func server(_ name: String, _ kind: FrameKind, _ operation: Operation, _ message: String, _ fields: [Field]) -> Shape {
        Shape(name: name, direction: .server, kind: kind, operation: operation, message: message, fields: fields)
    }

    static let name = ValidCases.name

    // Requests

    static let hello = request(.hello, [
        ("magic", Array("COFR".utf8)), ("minimum_version", u16(1)), ("maximum_version", u16(1)), ("features", u64(0)),
        ("tenant", text("main")), ("client_name", text("x")), ("extensions", u16(1)), ("extension.tag", u16(9)),
        ("extension.body", b16([1, 2])),
    ], limit: Limits.handshakeFrame)
    static let confirm = request(.confirm, [("nonce", sixteen)], limit: Limits.handshakeFrame)
    static let get = request(.get, [("name", b16(name)), ("version", u64(0)), ("unless", u8(1) + u64(3))])
    static let put = request(.put, [
        ("name", b16(name)), ("expected", u8(1) + u64(3)), ("idempotency_key", u8(0)), ("activate", u8(1)), ("expires", u64(0)),
        ("content_type", text("a/b")), ("metadata", u8(0)), ("tags", u8(0)), ("keep_last", u8(1) + u16(10)),
        ("delete_after", u8(1) + u64(1)), ("value", b32([1, 2, 3])),
    ])
    static let list = request(.list, [
        ("prefix", b16(Array("a/".utf8))), ("cursor", u8(1)), ("incarnation", sixteen), ("after", b16(name)), ("page_size", u16(10)),
        ("limit", u32(0)), ("include_deleted", u8(0)), ("credit", u32(4)),
    ])
    static let export = request(.export, [("prefix", b16(Array("a/".utf8))), ("credit", u32(1))])
    static let `import` = request(.import, [("dry_run", u8(0)), ("create_only", u8(0)), ("idempotency_key", u8(0))])
    static let watch = request(.watch, [
        ("exact", u8(1)), ("values", u8(0)), ("name", b16(name)), ("from", u8(1)), ("incarnation", sixteen), ("revision", u64(1)),
        ("credit", u32(1)),
    ])
    static let unlock = request(.unlock, [("kind", u8(2)), ("secret", b16(Array("abc".utf8)))])
    static let slotAdd = request(.slotAdd, [("kind", u8(2)), ("label", text("l")), ("secret", b16(Array("abc".utf8)))])
    static let slotRemove = request(.slotRemove, [("id", u32(1))])
    static let policyApply = request(.policyApply, [("source", b32(Array("x".utf8))), ("dry_run", u8(0))])
    static let policyShow = request(.policyShow, [("name", text("web"))])
    static let explain = request(.explain, [
        ("selectors", u16(1)), ("selector", text("uid:1")), ("noun", text("secret")), ("action", text("get")), ("name", b16(name)),
    ])
    static let activate = request(.activate, [
        ("name", b16(name)), ("version", u64(3)), ("expected", u8(2) + sixteen + u64(4)), ("idempotency_key", u8(0)),
    ])
    static let update = request(.update, [
        ("name", b16(name)), ("expected", u8(0)), ("idempotency_key", u8(0)), ("metadata", u8(0)), ("tags", u8(0)),
        ("keep_last", u8(0)), ("delete_after", u8(0)),
    ])
    static let info = request(.info, [("name", b16(name))])
    static let emptyEntry = u16(0) + u64(0) + u64(0) + u16(0) + u32(0) + u32(0)
    static let chunk = Shape(name: "import-chunk", direction: .client, kind: .chunk, operation: .import, message: "import chunk", fields: [
        ("entries", u16(1)), ("entry.name", b16(name)), ("entry.version", u64(0)), ("entry.expires", u64(0)),
        ("entry.content_type", text("a/b")), ("metadata", u8(0)), ("tags", u8(0)), ("keep_last", u8(0)), ("delete_after", u8(0)),
        ("entry.value", b32([1, 2])),
    ])
    static let credit = Shape(name: "credit", direction: .client, kind: .credit, operation: .list, message: "credit", fields: [("count", u32(1))])
    static let cancel = Shape(name: "cancel", direction: .client, kind: .cancel, operation: .get, message: "cancel", fields: [])
    static let finish = Shape(name: "import-finish", direction: .client, kind: .end, operation: .import, message: "import finish",
        fields: [("count", u64(1))])

    static func pair(_ key: String, _ value: String) -> [UInt8] { text(key) + text(value) }
    static func settings(_ shape: Shape) -> [Vector] {
        let one = u8(1) + u16(1)
        return [
            shape.with("metadata-flag", field: "metadata", u8(2), notBoolean),
            shape.with("metadata-65", field: "metadata", u8(1) + u16(65) + times(65) { pair("k\($0)", "") }, tooMany),
            shape.with("metadata-key-empty", field: "metadata", one + pair("", "v"), tooShort, complaint: "metadata.key"),
            shape.with("metadata-key-129", field: "metadata", one + text(ValidCases.text(129)) + text("v"), tooLong, complaint: "metadata.key"),
            shape.with("metadata-value-513", field: "metadata", one + text("k") + text(ValidCases.text(513)), tooLong, complaint: "metadata.value"),
            shape.with("metadata-key-utf8", field: "metadata", one + b16([0xFF]) + text("v"), notUTF8, complaint: "metadata.key"),
            shape.with("metadata-value-utf8", field: "metadata", one + text("k") + b16([0xFF]), notUTF8, complaint: "metadata.value"),
            shape.with("tags-flag", field: "tags", u8(0x80), notBoolean),
            shape.with("tags-65", field: "tags", u8(1) + u16(65) + times(65) { text("t\($0)") }, tooMany),
            shape.with("tag-empty", field: "tags", one + text(""), tooShort, complaint: "tag"),
            shape.with("tag-129", field: "tags", one + text(ValidCases.text(129)), tooLong, complaint: "tag"),
            shape.with("tag-utf8", field: "tags", one + b16([0xFF]), notUTF8, complaint: "tag"),
            shape.with("keep-last-flag", field: "keep_last", u8(3) + u16(10), notBoolean),
            shape.with("delete-after-flag", field: "delete_after", u8(255) + u64(1), notBoolean),
        ]
    }

    static func expectation(_ shape: Shape, _ field: String) -> [Vector] {
        [
            shape.with("\(field)-kind-3", field: field, u8(3) + u64(1), unknownValue),
            shape.with("\(field)-kind-255", field: field, u8(255), unknownValue),
        ]
    }

    static let requests: [Vector] = {
        var all: [Vector] = []
        all += hello.cuts
        all += hello.badTexts("tenant")
        all.append(hello.with("magic", "Another protocol.", field: "magic", Array("HELO".utf8), unknownValue))
        all.append(hello.with("magic-lower-case", field: "magic", Array("cofr".utf8), unknownValue))
        all.append(hello.with("versions-crossed", "The minimum is above the maximum.", field: "minimum_version", u16(2), unknownValue, complaint: "maximum_version"))
        all.append(hello.with("tenant-empty", field: "tenant", text(""), tooShort))
        all.append(hello.with("tenant-256", field: "tenant", text(ValidCases.text(256)), tooLong))
        all.append(hello.with("client-name-256", field: "client_name", text(ValidCases.text(256)), tooLong))
        all.append(hello.with("client-name-utf8", field: "client_name", b16([0xC3]), notUTF8))
        all.append(hello.with("extensions-17", field: "extensions", u16(17) + run(17 * 4, 0), tooMany))
        all.append(hello.with("extensions-count-beyond-body", "A count that the rest of the body cannot hold.", field: "extensions", u16(16), truncated))
        all.append(hello.with("extension-1025", field: "extension.body", b16(run(1_025)), tooLong))
        all += confirm.cuts
        all += get.cuts
        all += expectation(get, "unless")
        all.append(get.with("name-513", field: "name", b16(run(513)), tooLong))
        all.append(get.with("name-65535", field: "name", u16(65_535) + name, tooLong))
        all.append(get.with("name-beyond-body", "The length of the name is above what is left.", field: "name", u16(500) + name, truncated))
        all.append(get.with("unless-without-version", field: "unless", u8(1), truncated))
        all.append(get.with("unless-without-incarnation", field: "unless", u8(2), truncated, complaint: "bytes16"))
        all += put.cuts
        all += settings(put)
        all += expectation(put, "expected")
        all += put.badTexts("content_type")
        all.append(put.with("name-513", field: "name", b16(run(513)), tooLong))
        all.append(put.with("idempotency-key-flag", field: "idempotency_key", u8(2) + sixteen, notBoolean))
        all.append(put.with("activate-2", field: "activate", u8(2), notBoolean))
        all.append(put.with("activate-255", field: "activate", u8(255), notBoolean))
        all.append(put.with("content-type-256", field: "content_type", text(ValidCases.text(256)), tooLong))
        all.append(put.with("value-1048577", "One byte above the limit.", field: "value", b32(run(1_048_577, 0)), tooLong))
        all.append(put.with("value-2-to-32-minus-1", field: "value", u32(0xFFFF_FFFF) + [1], tooLong))
        all.append(put.with("value-beyond-body", field: "value", u32(1_000) + [1], truncated))
        all += info.cuts
        all.append(info.with("name-513", field: "name", b16(run(513)), tooLong))
        all += list.cuts
        all.append(list.with("prefix-513", field: "prefix", b16(run(513)), tooLong))
        all.append(list.with("cursor-flag", field: "cursor", u8(2), notBoolean))
        all.append(list.with("after-513", field: "after", b16(run(513)), tooLong))
        all.append(list.with("page-size-0", field: "page_size", u16(0), unknownValue))
        all.append(list.with("page-size-1001", field: "page_size", u16(1_001), unknownValue))
        all.append(list.with("include-deleted-2", field: "include_deleted", u8(2), notBoolean))
        all += activate.cuts
        all += expectation(activate, "expected")
        all += update.cuts
        all += settings(update)
        all += export.cuts
        all.append(export.with("prefix-513", field: "prefix", b16(run(513)), tooLong))
        all += `import`.cuts
        all.append(`import`.with("dry-run-2", field: "dry_run", u8(2), notBoolean))
        all.append(`import`.with("create-only-2", field: "create_only", u8(2), notBoolean))
        all.append(`import`.with("idempotency-key-flag", field: "idempotency_key", u8(2) + sixteen, notBoolean))
        all.append(`import`.with("idempotency-key-cut", field: "idempotency_key", u8(1) + sixteen.dropLast(), truncated, complaint: "bytes16"))
        all += chunk.cuts
        all += settings(chunk)
        all.append(chunk.vector("empty", "A chunk has at least one entry.", "entries: \(tooShort)", u16(0)))
        all.append(chunk.vector("10001-entries", "entries: \(tooMany)", u16(10_001) + times(10_001) { _ in emptyEntry }))
        all.append(chunk.with("entries-beyond-body", "The second entry is missing.", field: "entries", u16(2), truncated, complaint: "entry.name"))
        all.append(chunk.with("name-513", field: "entry.name", b16(run(513)), tooLong))
        all.append(chunk.with("value-1048577", field: "entry.value", b32(run(1_048_577, 0)), tooLong))
        all += finish.cuts
        all += watch.cuts
        all.append(watch.with("exact-2", field: "exact", u8(2), notBoolean))
        all.append(watch.with("values-255", field: "values", u8(255), notBoolean))
        all.append(watch.with("name-513", field: "name", b16(run(513)), tooLong))
        all.append(watch.with("from-flag", field: "from", u8(2), notBoolean))
        all += credit.cuts
        all.append(credit.with("0", "Credit is at least 1.", field: "count", u32(0), tooShort))
        all += cancel.cuts
        all += unlock.cuts
        all.append(unlock.with("kind-0", field: "kind", u8(0), unknownValue))
        all.append(unlock.with("kind-5", field: "kind", u8(5), unknownValue))
        all.append(unlock.with("secret-empty", field: "secret", b16([]), tooShort))
        all.append(unlock.with("secret-1025", field: "secret", b16(run(1_025)), tooLong))
        all += slotAdd.cuts
        all += slotAdd.badTexts("label")
        all.append(slotAdd.with("kind-0", field: "kind", u8(0), unknownValue))
        all.append(slotAdd.with("label-1025", field: "label", text(ValidCases.text(1_025)), tooLong))
        all.append(slotAdd.with("secret-1025", field: "secret", b16(run(1_025)), tooLong))
        all += slotRemove.cuts
        all += policyApply.cuts
        all.append(policyApply.with("source-262145", field: "source", b32(run(262_145)), tooLong))
        all.append(policyApply.with("dry-run-2", field: "dry_run", u8(2), notBoolean))
        all += policyShow.cuts
        all += policyShow.badTexts("name")
        all.append(policyShow.with("name-empty", field: "name", text(""), tooShort))
        all.append(policyShow.with("name-256", field: "name", text(ValidCases.text(256)), tooLong))
        all += explain.cuts
        all.append(explain.with("selectors-65", field: "selectors", u16(65) + times(64) { _ in text("uid:1") }, tooMany))
        all.append(explain.with("selector-empty", field: "selector", text(""), tooShort))
        all.append(explain.with("noun-empty", field: "noun", text(""), tooShort))
        all.append(explain.with("noun-65", field: "noun", text(ValidCases.text(65)), tooLong))
        all.append(explain.with("action-empty", field: "action", text(""), tooShort))
        all.append(explain.with("action-65", field: "action", text(ValidCases.text(65)), tooLong))
        all.append(explain.with("name-1025", field: "name", b16(run(1_025)), tooLong))
        return all
    }()

    // Answers

    static let helloAnswer = server("hello-response", .response, .hello, "hello response", [
        ("error", ok), ("version", u16(1)), ("features", u64(0)), ("frame_limit", u32(1_114_112)), ("requests_in_flight", u32(256)),
        ("unsent_limit", u32(4_194_304)), ("store_id", sixteen), ("incarnation", sixteen), ("revision", u64(1)), ("server_time", u64(1)),
        ("locked", u8(0)), ("nonce", sixteen), ("server_name", text("cofferd")),
    ])
    static let failure = server("failure", .response, .get, "get response", [
        ("error", u16(11)), ("retry", u8(0)), ("retry_after", u32(0)), ("outcome", u8(0)), ("message", text("no")),
    ])
    static let getAnswer = server("get-response", .response, .get, "get response", [
        ("error", ok), ("version", u64(1)), ("revision", u64(1)), ("expires", u64(0)), ("content_type_length", u8(3)),
        ("value_length", u32(2)), ("value", [1, 2]), ("content_type", Array("a/b".utf8)),
    ])
    static let putAnswer = server("put-response", .response, .put, "put response", [("error", ok), ("version", u64(1)), ("revision", u64(1))])
    static let status = server("status-response", .response, .status, "status response", [
        ("error", ok), ("entries", u16(2)), ("entry.key", text("a")), ("entry.kind", u8(0)), ("entry.number", u64(1)),
        // The second entry: a text.
        ("entry.text", text("b") + u8(1) + text("xyz")),
    ])
    static func statusBody(_ entries: [[UInt8]]) -> [UInt8] { ok + u16(entries.count) + entries.joined() }
    static let doctor = server("doctor-response", .response, .doctor, "doctor response", [
        ("error", ok), ("items", u16(1)), ("check", text("c")), ("verdict", u8(0)), ("message", text("m")),
    ])
    static let slots = server("slotList-response", .response, .slotList, "slotList response", [
        ("error", ok), ("items", u16(1)), ("id", u32(1)), ("kind", u8(1)), ("label", text("l")), ("created", u64(1)), ("in_use", u8(1)),
    ])
    static let whoami = server("whoami-response", .response, .whoami, "whoami response", [("error", ok), ("items", u16(1)), ("item", text("uid:1"))])
    static let infoAnswer = server("info-response", .response, .info, "info response", [
        ("error", ok), ("active_version", u64(1)), ("latest_version", u64(1)), ("deleted", u8(0)), ("created", u64(1)), ("updated", u64(1)),
        ("revision", u64(1)), ("keep_last", u16(10)), ("delete_after", u64(0)), ("metadata", u16(0)), ("tags", u16(0)),
        ("versions", u16(1)), ("version", u64(1)), ("state", u8(0)), ("size", u64(1) + u64(0) + u64(0) + u32(5)),
        ("content_type", text("a/b")), ("created_by", text("uid:0")),
    ])
    static let explainAnswer = server("explain-response", .response, .explain, "explain response", [
        ("error", ok), ("allowed", u8(1)), ("policy", text("web")), ("rule", u32(1)), ("items", u16(0)),
    ])
    static let page = server("list-chunk", .chunk, .list, "list chunk", [
        ("revision", u64(1)), ("entries", u16(1)), ("entry.name", b16(name)), ("entry.deleted", u8(0)),
    ])
    static let listEnd = server("list-end", .end, .list, "list end", [("error", ok), ("revision", u64(1)), ("more", u8(0))])
    static let results = server("import-results", .chunk, .import, "import results", [
        ("items", u16(1)), ("item.result", u8(0)), ("item.version", u64(1)),
    ])
    static let importEnd = server("import-end", .end, .import, "import end", [
        ("error", ok), ("revision", u64(1)), ("created", u64(1)), ("changed", u64(0)), ("unchanged", u64(0)),
    ])
    static let watchAnswer = server("watch-response", .response, .watch, "watch response", [("error", ok), ("incarnation", sixteen), ("revision", u64(1))])
    static let watchEnd = server("watch-end", .end, .watch, "watch end", failure.fields)
    static let event = server("watch-event", .event, .watch, "watch event", [
        ("event", u8(1)), ("revision", u64(1)), ("ordinal", u32(0)), ("last", u8(1)), ("operation", u8(1)), ("version", u64(1)),
        ("name", b16(name)), ("value", u8(1) + b32([1, 2])),
    ])
    static let resync = server("watch-resync", .event, .watch, "watch event", [("event", u8(2)), ("incarnation", sixteen), ("revision", u64(1))])
    static let confirmAnswer = server("confirm-response", .response, .confirm, "confirm response", [("error", ok)])

    static let answers: [Vector] = {
        var all: [Vector] = []
        all += helloAnswer.cuts
        all.append(helloAnswer.with("locked-2", field: "locked", u8(2), notBoolean))
        all += confirmAnswer.cuts
        all += failure.cuts
        all += failure.badTexts("message")
        all.append(failure.with("error-35", "No such error.", field: "error", u16(35), unknownValue))
        all.append(failure.with("error-65535", field: "error", u16(65_535), unknownValue))
        all.append(failure.with("retry-3", field: "retry", u8(3), unknownValue))
        all.append(failure.with("retry-never-after-5", field: "retry_after", u32(5), unknownValue, complaint: "retry"))
        all.append(failure.with("retry-now-after-5", "Now, in 5 ms.", field: "retry", u8(1) + u32(5), unknownValue))
        all.append(failure.with("retry-after-0", field: "retry", u8(2), unknownValue))
        all.append(failure.with("outcome-2", field: "outcome", u8(2), unknownValue))
        all.append(failure.with("message-4097", field: "message", text(ValidCases.text(4_097)), tooLong))
        all += getAnswer.cuts
        all.append(getAnswer.with("value-1048577", field: "value_length", u32(1_048_577) + run(1_048_577, 0), tooLong, complaint: "value"))
        all.append(getAnswer.with("value-2-to-32-minus-1", field: "value_length", u32(0xFFFF_FFFF), tooLong, complaint: "value"))
        all.append(getAnswer.with("content-type-utf8", field: "content_type", [0xED, 0xA0, 0x80], notUTF8))
        all += putAnswer.cuts
        all += status.cuts
        all.append(status.vector("unsorted", "entries: \(notSorted)", statusBody([text("b") + u8(0) + u64(1), text("a") + u8(0) + u64(1)])))
        all.append(status.vector("twice", "One key twice.", "entries: \(notSorted)", statusBody([text("a") + u8(0) + u64(1), text("a") + u8(0) + u64(1)])))
        all.append(status.vector("unsorted-by-bytes", "U+FF61 stands before U+10000 in bytes, behind it in UTF-16.", "entries: \(notSorted)", statusBody([text("\u{10000}") + u8(0) + u64(1), text("\u{FF61}") + u8(0) + u64(1)])))
        all.append(status.vector("kind-2", "entry.kind: \(unknownValue)", statusBody([text("a") + u8(2) + u64(1)])))
        all.append(status.vector("key-empty", "entry.key: \(tooShort)", statusBody([text("") + u8(0) + u64(1)])))
        all.append(status.vector("key-129", "entry.key: \(tooLong)", statusBody([text(ValidCases.text(129)) + u8(0) + u64(1)])))
        all.append(status.vector("text-4097", "entry.text: \(tooLong)", statusBody([text("a") + u8(1) + text(ValidCases.text(4_097))])))
        all.append(status.vector("text-utf8", "entry.text: \(notUTF8)", statusBody([text("a") + u8(1) + b16([0xFF])])))
        all.append(status.vector("1001-entries", "entries: \(tooMany)", ok + u16(1_001) + run(11_011, 0)))
        all += doctor.cuts
        all.append(doctor.with("verdict-3", field: "verdict", u8(3), unknownValue))
        all.append(doctor.with("check-empty", field: "check", text(""), tooShort))
        all.append(doctor.with("check-129", field: "check", text(ValidCases.text(129)), tooLong))
        all.append(doctor.vector("1001-items", "items: \(tooMany)", ok + u16(1_001) + run(5_005, 0)))
        all += whoami.cuts
        all += whoami.badTexts("item")
        all.append(whoami.vector("10001-items", "items: \(tooMany)", ok + u16(10_001) + run(20_002, 0)))
        all += infoAnswer.cuts
        all.append(infoAnswer.with("deleted-2", field: "deleted", u8(2), notBoolean))
        all.append(infoAnswer.with("metadata-65", field: "metadata", u16(65) + times(65) { pair("k\($0)", "") }, tooMany))
        all.append(infoAnswer.with("tags-65", field: "tags", u16(65) + times(65) { text("t\($0)") }, tooMany))
        all.append(infoAnswer.with("state-4", field: "state", u8(4), unknownValue))
        all.append(infoAnswer.with("1001-versions", field: "versions", u16(1_001) + run(1_001 * 41, 0), tooMany))
        all += explainAnswer.cuts
        all.append(explainAnswer.with("allowed-2", field: "allowed", u8(2), notBoolean))
        all += slots.cuts
        all.append(slots.with("kind-0", field: "kind", u8(0), unknownValue))
        all.append(slots.with("kind-5", field: "kind", u8(5), unknownValue))
        all.append(slots.with("in-use-2", field: "in_use", u8(2), notBoolean))
        all += page.cuts
        all.append(page.with("entry-name-empty", field: "entry.name", b16([]), tooShort))
        all.append(page.with("entry-name-513", field: "entry.name", b16(run(513)), tooLong))
        all.append(page.with("entry-deleted-2", field: "entry.deleted", u8(2), notBoolean))
        all.append(page.vector("1001-entries", "entries: \(tooMany)", u64(1) + u16(1_001) + times(1_001) { _ in b16([0x61]) + [0] }))
        all += listEnd.cuts
        all.append(listEnd.with("more-2", field: "more", u8(2), notBoolean))
        all += results.cuts
        all.append(results.with("result-3", field: "item.result", u8(3), unknownValue))
        all.append(results.vector("1001-items", "items: \(tooMany)", u16(1_001) + run(9_009, 0)))
        all += importEnd.cuts
        all += watchAnswer.cuts
        all += watchEnd.cuts
        all.append(watchEnd.with("without-error", "The end of a watch is never a success.", field: "error", ok, unknownValue))
        all += event.cuts
        all += resync.cuts
        all.append(event.with("kind-0", field: "event", u8(0), unknownValue))
        all.append(event.with("kind-3", field: "event", u8(3), unknownValue))
        all.append(event.with("last-2", field: "last", u8(2), notBoolean))
        all.append(event.with("operation-0", field: "operation", u8(0), unknownValue))
        all.append(event.with("operation-7", field: "operation", u8(7), unknownValue))
        all.append(event.with("name-empty", field: "name", b16([]), tooShort))
        all.append(event.with("name-513", field: "name", b16(run(513)), tooLong))
        all.append(event.with("value-flag", field: "value", u8(2), notBoolean))
        all.append(event.with("value-1048577", field: "value", u8(1) + b32(run(1_048_577, 0)), tooLong))
        all.append(Vector(comment: "A failure of the connection is never a success.", name: "connection-end-without-error", direction: .server, message: "connection end", expect: .body("error: \(unknownValue)"), bytes: ValidCases.frame(.end, 0, 0, ok + u8(0) + u32(0) + u8(0) + text(""))))
        all.append(Vector(comment: "", name: "unknown-operation-response-without-error", direction: .server, message: "unknown response", expect: .body("error: \(unknownValue)"), bytes: ValidCases.frame(.response, 0x7FFF, 7, ok)))
        return all
    }()

    static let all: [Vector] = frames + headers + requests + answers + accountRequests + accountAnswers
        + credentialRequests + credentialAnswers + backupRequests + backupAnswers + auditCases + scrubs + keyRequests + keyAnswers
}
