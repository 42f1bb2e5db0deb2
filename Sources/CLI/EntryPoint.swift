import ArgumentParser
import CofferStore
import Glibc

@main
struct Main {
    static func main() async {
        // Where this process is the child that looks at a store's file, it ends here.
        StoreExaminer.serve(CommandLine.arguments)
        Interrupts.prepare()
        var arguments = LeadingOptions.moved(Array(CommandLine.arguments.dropFirst()))
        // An option of the root would be taken from the verbs that have one of this name.
        if arguments == ["--version"] { arguments = ["version"] }
        if let refusal = Usage.refusal(arguments) {
            FailureReport(CommandFailure.usage(refusal)).print(json: arguments.contains("--json"))
            exit(ExitStatus.usage.rawValue)
        }
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

    /// `put name -pSECRET` is a cluster of short options to the parser, and one with an `h` in it asks for help: no verb that takes
    /// secrets has clusters, so the word is refused before anybody reads it as something else.
    static func refusal(_ arguments: [String]) -> String? {
        let names = Coffer.verbs(on: arguments)
        guard let first = names.first, Coffer.takesSecrets.contains(first) else { return nil }
        let isCluster = arguments.dropFirst(names.count).prefix { $0 != "--" }.contains { argument in
            argument.hasPrefix("-") && !argument.hasPrefix("--") && argument.count > 2
        }
        return isCluster ? "an option of several letters behind one '-'; secrets are never given as arguments, but on standard input" : nil
    }

    /// Takes out what somebody may have meant for a secret. Names of options stay.
    private static func redact(_ message: String, _ arguments: ArraySlice<String>) -> String {
        // What is no option of ours may be somebody's secret.
        if message.hasPrefix("Unknown option") { return "Unknown option; secrets are never given as arguments, but on standard input" }
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
