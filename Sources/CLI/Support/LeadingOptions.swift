/// Options that every verb has may also stand in front of it: `coffer --socket /run/x.sock get name`.
enum LeadingOptions {
    private static let withValue: Set<String> = ["--socket", "--tenant", "--timeout"]
    private static let flags: Set<String> = ["--json"]

    /// The same command line with those options behind the words of the verb, where the parser looks for them.
    static func moved(_ arguments: [String]) -> [String] {
        var index = 0
        while index < arguments.count {
            let name = arguments[index].prefix { $0 != "=" }
            if flags.contains(String(name)) || (withValue.contains(String(name)) && name.count < arguments[index].count) {
                index += 1
            } else if withValue.contains(arguments[index]), index + 1 < arguments.count {
                index += 2
            } else {
                break
            }
        }
        let rest = Array(arguments[index...])
        let verb = Coffer.verbs(on: rest).count
        guard index > 0, verb > 0 else { return arguments }
        return Array(rest[..<verb] + arguments[..<index] + rest[verb...])
    }
}
