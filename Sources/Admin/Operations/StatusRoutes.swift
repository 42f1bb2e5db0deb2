import CofferAccounts
import CofferClient
import CofferJSON
import CofferStore
import CofferWire

/// How the daemon stands: status, doctor, slots, and who the caller is.
enum StatusRoutes {
    static var routes: [AdminRoute] { [status, doctor, slots, whoami, settings] }

    private static let tag = "status"

    private static var status: AdminRoute {
        AdminRoute("GET", "/v1/status", "getStatus", tag: tag, "Named numbers and texts (docs/operations.md)", answer: .object([])) { call in
            let entries = try await call.client().status().entries
            return .json(.object(entries.map { entry in
                let value: JSONValue = switch entry.value {
                case .number(let number): .exact(number)
                case .text(let text): .string(text)
                }
                return (entry.key.replacing("-", with: "_"), value)
            }))
        }
    }

    private static var doctor: AdminRoute {
        AdminRoute(
            "GET", "/v1/doctor", "getDoctor", tag: tag, "What the daemon finds in looking at itself and its surroundings",
            answer: .object([
                .init("items", .list(.object([
                    .init("check", .text, required: true), .init("level", .word(["good", "warning", "bad"]), required: true),
                    .init("text", .text, required: true),
                ])), required: true)
            ])
        ) { call in
            let findings = try await call.client().doctor()
            return .json(.object([
                ("items", .array(findings.map {
                    .object([("check", .string($0.check)), ("level", .string("\($0.verdict)")), ("text", .string($0.message))])
                }))
            ]))
        }
    }

    private static var slots: AdminRoute {
        AdminRoute(
            "GET", "/v1/slots", "listSlots", tag: "slots", "What opens the store; slots are changed on the socket only",
            answer: .page(.object([
                .init("id", .number, required: true), .init("kind", .text, required: true), .init("label", .text), .init("created", .moment),
                .init("in_use", .flag, "it opened the store this time"),
            ]))
        ) { call in
            let slots = try await call.client().slotList()
            return .json(.object([
                ("items", .array(slots.map {
                    .object([
                        ("id", .integer(Int64($0.id))), ("kind", .string(word($0.kind))), ("label", .string($0.label)),
                        ("created", SecretJSON.moment($0.created)), ("in_use", .bool($0.inUse)),
                    ])
                })), ("next", .null), ("total", .integer(Int64(slots.count))),
            ]))
        }
    }

    /// `keyFile` as `key-file`, as the command line says it.
    private static func word(_ kind: SlotKind) -> String {
        "\(kind)".reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
    }

    private static var whoami: AdminRoute {
        AdminRoute(
            "GET", "/v1/whoami", "whoami", tag: tag, "Who the caller is",
            answer: .object([
                .init("login", .text, required: true), .init("role", .text, required: true), .init("tenant", .text, required: true),
                .init("token", .text, "name of the access token; empty: a session, or a token without a name"), .init("expires_at", .moment),
                .init("selectors", .list(.text)),
            ])
        ) { call in
            let caller = try call.requireCaller()
            let tenant = call.api.accounts.tenants.find(caller.user.home)?.name.description ?? ""
            return .json(.object([
                ("login", .string(caller.user.name.description)), ("role", .string(caller.user.role.word)), ("tenant", .string(tenant)),
                ("token", .string(caller.isSession ? "" : caller.token.name.text)), ("expires_at", SecretJSON.moment(caller.token.expires)),
                ("selectors", .strings(try await call.client().whoami())),
            ]))
        }
    }

    private static func documentation(_ door: String) -> JSONValue {
        switch door {
        case "admin": .string("/docs")
        case "health": .null
        default: .string("/docs/doors#\(door)")
        }
    }

    private static var settings: AdminRoute {
        AdminRoute(
            "GET", "/v1/settings", "getSettings", tag: "settings", "The HTTP doors as they are configured",
            answer: .object([
                .init("version", .text, required: true),
                .init("doors", .list(.object([
                    .init("id", .text, required: true), .init("listen", .text, required: true), .init("tls", .flag, required: true),
                    .init("docs", .nullable(.text), "path of its documentation"),
                ])), required: true),
            ])
        ) { call in
            // Where doors are is for those who may look at the daemon.
            _ = try await call.client().doctor()
            return .json(.object([
                ("version", .string(call.api.facts.version)),
                ("doors", .array(call.api.facts.doors.map {
                    .object([
                        ("id", .string($0.id)), ("listen", .string($0.listen)), ("tls", .bool($0.isTLS)), ("docs", documentation($0.id)),
                    ])
                })),
            ]))
        }
    }
}
