import CofferAudit
import CofferHTTP
import CofferWire

/// Writes the requests of HTTP doors into the audit log.
struct AuditedDoors: HTTPAudit {
    let trail: AuditTrail

    var permits: Bool { trail.log.permitsReads }

    /// Judging an API key is what a gateway does with each of its own requests: quota and usage lines count those.
    private static let uncounted: Set<String> = ["/v1/verify", "POST /v1/verify"]

    func record(_ act: HTTPAct) async -> Bool {
        let result = Self.result(act.status)
        let reads = trail.log.options.reads
        guard !Self.uncounted.contains(act.route), result != .ok || !act.isRead || reads != .off else { return true }
        let who = AuditWho(
            selector: act.principal.isEmpty ? "door:\(act.door)" : act.principal, door: act.door, address: act.address)
        let action: AuditAction = act.route.lowercased().contains("login") ? .login : .request
        let name = Array(act.route.utf8)
        // Legacy APIs say many a no with status 200: what they said is not looked at, the change itself is in the log.
        let note = "status \(act.status)"
        guard reads == .sync else {
            trail.did(who, .door, action, name: name, result: result, note: note)
            return true
        }
        do {
            try await trail.requireSoon(who, .door, action, name: name, result: result, note: note)
            return true
        } catch {
            return false
        }
    }

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
