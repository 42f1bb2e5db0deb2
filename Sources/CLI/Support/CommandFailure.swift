/// What a process of this command ends with. docs/cli.md lists them.
enum ExitStatus: Int32 {
    case success = 0
    case failure = 1
    case conflict = 2
    case notFound = 3
    case denied = 4
    case locked = 5
    case unreachable = 6
    case busy = 7
    case deadline = 8
    /// An API key that was judged: not an error of the command.
    case refused = 9
    /// A credential for which a person must act.
    case needsPerson = 10
    /// A credential of which its upstream said that it is over.
    case dead = 11
    case noLiveMember = 12
    /// The upstream asked to wait, could not be reached, or made no sense.
    case upstream = 13
    case usage = 64
    case badInput = 65
    case cannotCreate = 73
}

/// A failure that the command found itself. The message is one line and never contains a secret.
struct CommandFailure: Error {
    var status: ExitStatus
    /// For programs: lower case, with dashes.
    var code: String
    var message: String

    init(_ status: ExitStatus, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    static func usage(_ message: String) -> CommandFailure { CommandFailure(.usage, "usage", message) }
    static func badInput(_ message: String) -> CommandFailure { CommandFailure(.badInput, "bad-input", message) }
    static func failed(_ message: String) -> CommandFailure { CommandFailure(.failure, "failed", message) }
    static func cannotCreate(_ message: String) -> CommandFailure { CommandFailure(.cannotCreate, "cannot-create", message) }
}

/// The command has said all there is to say.
struct QuietExit: Error {
    var status: ExitStatus
}
