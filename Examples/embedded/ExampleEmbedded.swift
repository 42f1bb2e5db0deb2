// A program that keeps a sealed store of its own, in its own process, without a daemon.
//
//     coffer-example-embedded /tmp/example-store
//
// Built by `swift build --product coffer-example-embedded`, in CI too.
import CofferStore

@main
struct ExampleEmbedded {
    static func main() throws {
        let folder = CommandLine.arguments.dropFirst().first ?? "example-store"
        // A real program keeps its key in a file outside the store, or takes it from systemd.
        let passphrase = SecretBuffer(Array("correct horse battery staple".utf8))
        if !Store.exists(at: folder) { try Store.create(at: folder, slot: .passphrase(passphrase, label: "example")) }

        let store = try Store.open(at: folder)
        defer { store.close() }
        try store.unlock(.passphrase(passphrase))

        let version = try store.put("database/password", value: Array("s3cret".utf8))
        let value = try store.get("database/password")
        print("version \(version) of database/password has \(value.count) bytes")
        for name in try store.list(prefix: "database/") { print(name.description) }
    }
}
