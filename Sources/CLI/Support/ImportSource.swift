import ArgumentParser
import CofferFormats

/// What `import --from` takes: a format of secrets, a system whose accounts or tokens are taken over, or credentials.
enum ImportSource: ExpressibleByArgument {
    case secrets(FileFormat)
    case accounts(LegacySystem)
    case tokens(CredentialSystem)
    /// Coffer's own format for credentials.
    case credentials

    init?(argument: String) {
        if let format = FileFormat(rawValue: argument) {
            self = .secrets(format)
        } else if let system = LegacySystem(rawValue: argument) {
            self = .accounts(system)
        } else if let system = CredentialSystem(rawValue: argument) {
            self = .tokens(system)
        } else if argument == "credentials" {
            self = .credentials
        } else {
            return nil
        }
    }

    static var allValueStrings: [String] {
        FileFormat.allCases.map(\.rawValue) + LegacySystem.allCases.map(\.rawValue) + CredentialSystem.allCases.map(\.rawValue)
            + ["credentials"]
    }
}
