import ArgumentParser
import CofferAge
import CofferClient
import CofferFormats
import CofferStore

/// What is said of an error, and what the process ends with.
struct FailureReport: Error {
    var status: ExitStatus
    var code: String
    var message: String
    var retry: Retry = .never
    var outcome: Outcome = .none

    /// - Parameter subject: what the command was about; put in front where the message does not name it.
    init(_ error: any Error, subject: String? = nil) {
        switch error {
        case let report as FailureReport: self = report
        case let error as ClientError: self.init(error, subject)
        case let error as StoreError: self.init(error)
        case let error as AgeError: self.init(error)
        case let error as FormatError: self.init(status: .badInput, code: "bad-input", message: error.description)
        case let error as CommandFailure: self.init(status: error.status, code: error.code, message: error.message)
        case is CancellationError: self.init(status: .failure, code: "cancelled", message: "cancelled")
        default: self.init(status: .failure, code: "failed", message: "\(error)")
        }
    }

    private init(status: ExitStatus, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    private init(_ error: ClientError, _ subject: String?) {
        status = Self.statuses[error.code] ?? .failure
        code = Self.dashed(error.code.description)
        retry = error.retry
        outcome = error.outcome
        message = error.message.isEmpty ? code : error.message
        // A short name may stand in any message by chance.
        let isNamed = subject.map { message.hasPrefix($0) || message.contains("'\($0)'") } ?? true
        if let subject, status != .unreachable, !isNamed { message = "\(Printable.text(subject)): \(message)" }
        if outcome == .unknown { message += " (it may have been carried out or not: look)" }
        if let next = Self.next[error.code] { message += " (\(next))" }
        if case .after(let milliseconds) = error.retry, [.noLiveMember, .limited, .upstream].contains(error.code) {
            message += "; try again in \(Moment.spanText(UInt64((milliseconds + 999) / 1_000 * 1_000)))"
        }
        if error.code == .locked, !message.contains("unlock") { message += " (open it with 'coffer unlock')" }
    }

    private init(_ error: StoreError) {
        status = switch error.code {
        case .unlockFailed, .locked: .locked
        case .notFound: .notFound
        case .inUse, .busy, .full, .audit: .busy
        case .damaged, .rolledBack, .notAStore, .unknownFormat, .unknownSuite, .unknownKey: .badInput
        case .alreadyExists, .unwritable: .cannotCreate
        case .notEmpty, .newer, .conflict: .conflict
        case .invalidArgument, .invalidName: .badInput
        default: .failure
        }
        code = error.code.description
        message = error.message
        if error.code == .inUse { message += " (leave --store out where the daemon runs)" }
        if error.code == .outcomeUnknown { outcome = .unknown }
    }

    private init(_ error: AgeError) {
        status = switch error.code {
        case .noMatch: .locked
        case .system, .finished: .failure
        default: .badInput
        }
        code = error.code.description
        message = error.message
        if error.code == .workFactor { message += " (see --work-factor-limit)" }
    }

    private static let statuses: [ClientError.Code: ExitStatus] = [
        .conflict: .conflict, .resync: .conflict,
        .notFound: .notFound, .deleted: .notFound, .expired: .notFound, .versionNotFound: .notFound,
        .denied: .denied,
        .locked: .locked, .unlockFailed: .locked,
        .unreachable: .unreachable, .untrustedServer: .unreachable, .disconnected: .unreachable,
        .needsPerson: .needsPerson, .dead: .dead, .noLiveMember: .noLiveMember, .limited: .upstream, .upstream: .upstream,
        .busy: .busy, .draining: .busy, .storeFull: .busy, .tooManyConnections: .busy, .readOnly: .busy, .auditUnavailable: .busy,
        .deadlineExceeded: .deadline, .timedOut: .deadline,
        .invalidName: .badInput, .invalidArgument: .badInput, .tooLarge: .badInput, .damaged: .badInput,
    ]

    /// What a command ends with for an error that the daemon names by its number, and the error's name.
    static func status(ofServer number: UInt16) -> (status: ExitStatus, code: String) {
        guard let code = ErrorCode(rawValue: number) else { return (.failure, "error-\(number)") }
        return (statuses.first { $0.key.serverCode == number }?.value ?? .failure, dashed("\(code)"))
    }

    /// What a person can do about it.
    private static let next: [ClientError.Code: String] = [
        .needsPerson: "see 'coffer credential show'; give new tokens with 'coffer credential update --secret FIELD', or try again with "
            + "'coffer credential refresh --again'",
        .dead: "give new tokens or a login with 'coffer credential update --secret FIELD'",
        .noLiveMember: "see 'coffer pool member list'",
    ]

    /// `notFound` as `not-found`.
    private static func dashed(_ code: String) -> String {
        code.reduce(into: "") { text, character in
            if character.isUppercase { text += "-" }
            text += character.lowercased()
        }
    }

    /// Prints the error on standard error.
    func print(json: Bool) {
        let line = Printable.text(message)
        guard json else {
            // A file's errors come one on a line.
            guard code == "invalid-argument" else { return Output.remark("coffer: \(line)") }
            let lines = message.split(separator: "\n").map { Printable.text(String($0)) }
            return Output.remark("coffer: " + lines.joined(separator: "\n    "))
        }
        var fields: [(String, JSON)] = [("code", .text(code)), ("message", .text(line))]
        switch retry {
        case .never: fields.append(("retry", .text("never")))
        case .now: fields.append(("retry", .text("now")))
        case .after(let milliseconds):
            fields.append(("retry", .text("after")))
            fields.append(("retry_after_ms", .number(UInt64(milliseconds))))
        }
        if outcome == .unknown { fields.append(("outcome", .text("unknown"))) }
        var bytes: [UInt8] = []
        JSON.object([("error", .object(fields))]).append(to: &bytes)
        Output.remark(String(decoding: bytes, as: UTF8.self))
    }
}
