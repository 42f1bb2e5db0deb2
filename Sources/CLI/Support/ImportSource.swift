import ArgumentParser
import CofferFormats

/// What `import --from` takes: a format of secrets, or a system whose accounts are taken over.
enum ImportSource: ExpressibleByArgument {
    case secrets(FileFormat)
    case accounts(LegacySystem)

    init?(argument: String) {
        if let format = FileFormat(rawValue: argument) {
            self = .secrets(format)
        } else if let system = LegacySystem(rawValue: argument) {
            self = .accounts(system)
        } else {
            return nil
        }
    }

    static var allValueStrings: [String] { FileFormat.allCases.map(\.rawValue) + LegacySystem.allCases.map(\.rawValue) }
}
