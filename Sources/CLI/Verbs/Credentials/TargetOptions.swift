import ArgumentParser

/// Which credentials a schedule or a sink is about. All that is given must hold.
struct TargetOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Those whose name matches; * stands for anything, '*' alone for all.", valueName: "name"))
    var target: String?

    @Option(help: ArgumentHelp("Those with this tag.", valueName: "tag"))
    var tag: String?

    @Option(help: ArgumentHelp("Those of this provider.", valueName: "name"))
    var provider: String?

    @Option(help: ArgumentHelp("Those in this pool.", valueName: "name"))
    var pool: String?

    var isEmpty: Bool { target == nil && tag == nil && provider == nil && pool == nil }

    var fields: [(String, String?)] {
        [("target", target), ("target_tag", tag), ("target_provider", provider), ("target_pool", pool)]
    }
}
