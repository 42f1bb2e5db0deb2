import ArgumentParser
import Glibc

@main
struct Main {
    static func main() async {
        Interrupts.prepare()
        var arguments = LeadingOptions.moved(Array(CommandLine.arguments.dropFirst()))
        // An option of the root would be taken from the verbs that have one of this name.
        if arguments == ["--version"] { arguments = ["version"] }
        let command: any ParsableCommand
        do {
            command = try Coffer.parseAsRoot(arguments)
        } catch {
            exit(Usage.explain(error, arguments).rawValue)
        }
        exit(await run(command, arguments).rawValue)
    }

    private static func run(_ command: any ParsableCommand, _ arguments: [String]) async -> ExitStatus {
        let verb = command as? any Verb
        do {
            if var verb {
                try await verb.run()
            } else {
                var command = command
                try command.run()
            }
            return .success
        } catch let exit as QuietExit {
            return exit.status
        } catch {
            // `coffer`, `coffer slot`: what has no work of its own shows its help.
            if verb == nil || error is ValidationError { return Usage.explain(error, arguments) }
            let report = FailureReport(error, subject: verb?.subject)
            report.print(json: verb?.global.json ?? false)
            return report.status
        }
    }
}

/// What is said where the command line cannot be carried out.
enum Usage {
    static func explain(_ error: any Error, _ arguments: [String]) -> ExitStatus {
        if Coffer.exitCode(for: error) == .success {
            do {
                try Output.line(Coffer.fullMessage(for: error))
                return .success
            } catch {
                return .failure
            }
        }
        let verb = arguments.prefix { !$0.hasPrefix("-") }
        let names = Coffer.verbs(on: Array(verb))
        var message = Coffer.message(for: error)
        if let first = names.first, Coffer.takesSecrets.contains(first) { message = redact(message, arguments.dropFirst(names.count)) }
        if let period = message.last, period == "." { message.removeLast() }
        let help = (["coffer"] + names + ["--help"]).joined(separator: " ")
        let failure = CommandFailure.usage("\(message) (see '\(help)')")
        FailureReport(failure).print(json: arguments.contains("--json"))
        return .usage
    }

    /// Takes out what somebody may have meant for a secret. Names of options stay.
    private static func redact(_ message: String, _ arguments: ArraySlice<String>) -> String {
        var message = message
        for argument in arguments {
            var word = Substring(argument)
            if word.hasPrefix("--") {
                guard let sign = word.firstIndex(of: "=") else { continue }
                word = word[word.index(after: sign)...]
            }
            guard !word.isEmpty, message.contains("'\(word)'") else { continue }
            message = message.replacing("'\(word)'", with: "'…'")
        }
        return message
    }
}
