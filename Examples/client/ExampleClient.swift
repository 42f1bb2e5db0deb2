// A program that gets a token from the daemon and hears when it changes.
//
//     coffer-example-client payments/db
//
// Built by `swift build --product coffer-example-client`, in CI too.
import CofferClient

@main
struct ExampleClient {
    static func main() async throws {
        let name = CommandLine.arguments.dropFirst().first ?? "demo/PLAIN"
        // COFFER_SOCKET and COFFER_TENANT, or the defaults of this machine.
        let client = try CofferClient(ClientConfiguration.fromEnvironment())
        defer { client.close() }

        // Watch first, read then: no change in between is missed.
        let changes = try await client.watch(name)
        let secret = try await client.get(name)
        use(secret)

        for try await change in changes {
            switch change {
            case .change(let change): print("\(name) changed: now at version \(change.version)")
            case .resync: print("\(name) may have changed")
            }
            use(try await client.get(name))
        }
    }

    /// Borrows the bytes for as long as they are needed; printing the secret itself would only say how long it is.
    static func use(_ secret: Secret) {
        let length = secret.value.withUnsafeBytes { $0.count }
        print("version \(secret.version): \(length) bytes, \(secret.value)")
    }
}
