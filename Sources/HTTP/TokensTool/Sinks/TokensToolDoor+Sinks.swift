import CofferCredentials
import CofferStore
import Logging

// The proxy's files, which sinks of this door's renderers write.
extension TokensToolDoor {
    private var ownSinks: [Sink] {
        credentials.sinks.list(tenant: .main) { sink in
            if case .renderer(let name) = sink.content { name.hasPrefix("tokenstool-") } else { false }
        }.filter(\.isEnabled)
    }

    /// Writes them now and waits: what is told to reload then finds what was changed.
    func writeSinks() async {
        for sink in ownSinks {
            do throws(CredentialError) { _ = try await credentials.sinks.run(sink.number) } catch {
                logger.warning(
                    "a file of the proxy could not be written",
                    metadata: ["door": "tokenstool", "sink": "\(sink.number)", "error": "\(error.code.rawValue)"])
            }
        }
    }

    /// The settings are no credentials: nobody else sees that what the files show has changed.
    func triggerSinks() {
        for sink in ownSinks { credentials.sinks.trigger(sink.number) }
    }
}
