import ArgumentParser

struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Prints a script by which a shell completes this command's words.",
        discussion: """
            EXAMPLES
              coffer completion bash > /etc/bash_completion.d/coffer
              coffer completion zsh > ~/.zfunc/_coffer
              coffer completion fish > ~/.config/fish/completions/coffer.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() throws {
        let script = switch shell {
        case .bash: Coffer.completionScript(for: .bash)
        case .zsh: Coffer.completionScript(for: .zsh)
        case .fish: Coffer.completionScript(for: .fish)
        }
        try Output.line(script)
    }
}
