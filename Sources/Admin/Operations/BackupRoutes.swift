import CofferAccounts
import CofferAge
import CofferClient
import CofferHTTP
import CofferJSON
import CofferWire

/// Backups: those that the daemon takes by itself, and one for now.
enum BackupRoutes {
    static var routes: [AdminRoute] { [list, run, verify, download] }

    private static let tag = "backups"
    private static let item = Schema.object([
        .init("file", .text, required: true), .init("created", .moment, required: true), .init("revision", .number), .init("size", .number),
        .init("digest", .text), .init("proof", .nullable(.text), "file: read again and opened; identity: with the rehearsal identity"),
        .init("proven", .moment),
    ])

    private static var list: AdminRoute {
        AdminRoute(
            "GET", "/v1/backups", "listBackups", tag: tag, "Backups that the daemon takes by itself",
            answer: .object([
                .init("items", .list(item), required: true), .init("folder", .text), .init("interval", .number), .init("next_run", .moment),
                .init("last_taken", .moment), .init("last_proven", .moment), .init("overdue", .flag, required: true), .init("running", .flag),
                .init("last_error", .text),
            ])
        ) { call in
            let state = try await call.client().scheduledBackups()
            return .json(.object([
                ("items", .array(state.backups.map(json))), ("folder", .string(state.folder)), ("interval", .exact(state.interval)),
                ("next_run", SecretJSON.moment(state.next)), ("last_taken", SecretJSON.moment(state.lastTaken)),
                ("last_proven", SecretJSON.moment(state.lastProven)), ("overdue", .bool(state.isOverdue)), ("running", .bool(state.isRunning)),
                ("last_error", .string(state.lastError)),
            ]))
        }
    }

    private static var run: AdminRoute {
        AdminRoute(
            "POST", "/v1/backups", "runBackup", tag: tag, "Takes a scheduled backup now, and proves it", body: .optional(.object([])), status: 201,
            answer: item
        ) { call in
            try call.body.finish()
            // A large store takes longer than an answer usually does.
            return .json(json(try await call.client().runScheduledBackup(timeout: .zero)), status: 201)
        }
    }

    private static var verify: AdminRoute {
        AdminRoute(
            "POST", "/v1/backups/{file}/verify", "verifyBackup", tag: tag,
            "Opens a scheduled backup again with the rehearsal identity, and reads all of it", body: .optional(.object([])),
            answer: .object([.init("backup", item, required: true), .init("whole", .flag, required: true), .init("problem", .nullable(.text))]),
            isRead: true
        ) { call in
            try call.body.finish()
            let file = try call.text("file")
            // Whoever may see them may have them read.
            _ = try await call.client().scheduledBackups()
            do throws(Failure) {
                let (backup, problem) = try await call.api.backups.verify(file)
                return .json(.object([
                    ("backup", json(backup)), ("whole", .bool(problem == nil)), ("problem", problem.map { .string($0) } ?? .null),
                ]))
            } catch {
                throw AdminFailure(error)
            }
        }
    }

    private static func json(_ backup: ScheduledBackup) -> JSONValue {
        .object([
            ("file", .string(backup.file)), ("created", .exact(backup.created)), ("revision", .exact(backup.revision)),
            ("size", .exact(backup.size)), ("digest", .string(Hexadecimal.text(backup.digest))),
            ("proof", backup.proof == .none ? .null : .string(backup.proof == .identity ? "identity" : "file")),
            ("proven", SecretJSON.moment(backup.proven)),
        ])
    }

    private static var download: AdminRoute {
        var route = AdminRoute(
            "POST", "/v1/backups/download", "downloadBackup", tag: tag, "A backup of this moment, as an age file for these recipients",
            body: .object([.init("recipients", .list(.text), required: true, "1 to 64, age1…")]), answer: .text, access: .stepUp, isRead: true
        ) { call in
            let texts = try call.body.texts("recipients", 1...64, each: 1...255)
            try call.body.finish()
            var recipients: [AgeRecipient] = []
            for text in texts {
                do throws(AgeError) { recipients.append(try AgeRecipient(text)) } catch { throw AdminFailure.invalid("recipients", error.message) }
            }
            let client = try call.client()
            // Who may not is told before the download begins.
            _ = try await client.scheduledBackups()
            guard try call.requireCaller().user.role == .root else { throw AdminFailure.denied }
            let lock = AgeLock.recipients(recipients)
            return AdminReply(
                headers: [
                    ("Content-Type", "application/octet-stream"), ("Content-Disposition", "attachment; filename=\"coffer-backup.age\""),
                ], stream: HTTPStream { writer in try await send(client, lock, writer) })
        }
        route.answerType = "application/octet-stream"
        return route
    }

    /// Encrypted piece by piece: memory stays flat, and a client that is slow slows the backup down.
    private static func send(_ client: CofferClient, _ lock: AgeLock, _ writer: HTTPStreamWriter) async throws {
        let file = try AgeFile(lock)
        _ = try await client.backup { (piece: SecretBytes, _, _) in try await writer.write(try file.seal(piece)) }
        try await writer.write(try file.end())
    }

    /// Used by one task after the other, never by two.
    private final class AgeFile: @unchecked Sendable {
        private var encryptor: AgeEncryptor

        init(_ lock: AgeLock) throws(AgeError) { encryptor = try AgeEncryptor(lock) }

        func seal(_ piece: SecretBytes) throws -> [UInt8] {
            var output: [UInt8] = []
            try piece.withUnsafeBytes { try encryptor.update($0, into: &output) }
            return output
        }

        func end() throws -> [UInt8] {
            var output: [UInt8] = []
            try encryptor.finish(into: &output)
            return output
        }
    }
}
