import CofferAccounts
import CofferAudit
import CofferHTTP
import CofferWire

/// Writes the requests of HTTP doors into the audit log.
struct AuditedDoors: HTTPAudit {
    let trail: AuditTrail

    var permits: Bool { trail.log.permitsReads }

    /// Judging an API key is what a gateway does with each of its own requests: quota and usage lines count those.
    private static let uncounted: Set<String> = ["POST /v1/verify"]
    private static let longestRoute = 128

    func begin(_ act: HTTPAct) async -> Bool {
        guard trail.log.options.reads == .sync, !act.isRead, !Self.uncounted.contains(act.route) else { return true }
        return await trail.servedDurably(Self.who(act), Self.action(act), name: Self.name(act), note: "begins")
    }

    func record(_ act: HTTPAct) async -> Bool {
        let result = Self.result(act.status)
        let reads = trail.log.options.reads
        guard result != .ok || !Self.uncounted.contains(act.route) && (!act.isRead || reads != .off) else { return true }
        let (who, action, name) = (Self.who(act), Self.action(act), Self.name(act))
        // Legacy APIs say many a no with status 200: what they said is not looked at, the change itself is in the log.
        let note = "status \(act.status)"
        if result != .ok {
            // Nothing was handed out: it does not have to be durable before.
            trail.did(who, .door, action, name: name, result: result, note: note)
        } else if reads == .sync {
            return await trail.servedDurably(who, action, name: name, note: note)
        } else {
            trail.served(who, action, name: name, note: note)
        }
        return true
    }

    private static func who(_ act: HTTPAct) -> AuditWho {
        AuditWho(
            selector: act.principal.isEmpty ? "door:\(act.door)" : act.principal, door: act.door, address: "\(act.client)",
            network: "\(act.client.network)")
    }

    private static func action(_ act: HTTPAct) -> AuditAction { act.route.lowercased().contains("login") ? .login : .request }

    private static func name(_ act: HTTPAct) -> [UInt8] { Array(act.route.utf8.prefix(longestRoute)) }

    private static func result(_ status: Int) -> ErrorCode {
        switch status {
        case ..<400: .ok
        case 401, 403: .denied
        case 404: .notFound
        case 409: .conflict
        case 429: .busy
        case 500...: .failed
        default: .invalidArgument
        }
    }
}
