import CofferAccounts
import CofferJSON

extension RAGFlowDoor {
    private static let logLevels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

    /// `GET …/system/config`: what the login page has to know.
    func configuration() -> RAGFlowAnswer {
        RAGFlowAnswer(
            data: .object([
                ("registerEnabled", .integer(settings.registration ? 1 : 0)),
                ("disablePasswordLogin", .bool(settings.loginKey == nil)),
            ]))
    }

    /// `GET …/system/status`: only the database exists here. Whoever is logged in finds it open.
    func status() -> RAGFlowAnswer {
        func absent(_ key: String) -> JSONValue {
            .object([(key, .string("none")), ("status", .string("none")), ("error", .string("this server has none"))])
        }
        return RAGFlowAnswer(
            data: .object([
                ("doc_engine", absent("type")), ("storage", absent("storage")), ("redis", absent("redis")),
                ("database", .object([("database", .string("coffer")), ("status", .string("green")), ("elapsed", .string("0.0"))])),
                ("task_executor_heartbeats", .object([])),
            ]))
    }

    /// `GET …/system/healthz`, without an envelope: 200, or 500 while the store is locked.
    func health(route: String) -> HTTPReply {
        let word = JSONValue.string(accounts.isLocked ? "nok" : "ok")
        return RAGFlowEnvelope.reply(
            accounts.isLocked ? 500 : 200, .object([("db", word), ("status", word)]), route: route, principal: "")
    }

    /// `GET …/system/oceanbase/status`.
    func oceanBase() -> RAGFlowAnswer {
        RAGFlowAnswer(code: RAGFlowCode.server, data: .object([("alive", .string("none"))]), message: "there is no OceanBase here")
    }

    /// `PUT …/system/config/log`: levels are not set from outside.
    func logLevelFailure(_ call: HTTPCall) -> RAGFlowFailure {
        let body = Self.body(call)
        guard let package = body?["pkg_name"]?.string, let level = body?["level"]?.string, !package.isEmpty, !level.isEmpty else {
            return RAGFlowFailure(code: RAGFlowCode.data, message: "pkg_name and level are required", data: .absent)
        }
        guard Self.logLevels.contains(level.uppercased()) else {
            return RAGFlowFailure(code: RAGFlowCode.data, message: "Invalid log level: \(level.prefix(64))", data: .absent)
        }
        return RAGFlowFailure(code: RAGFlowCode.operating, message: "log levels are set in Coffer's configuration")
    }
}
