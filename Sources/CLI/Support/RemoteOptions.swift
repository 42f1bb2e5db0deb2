import ArgumentParser
import CofferClient
import CofferTunnel

/// Where a daemon is that has no socket on this machine.
struct RemoteOptions: ParsableArguments {
    @Option(help: ArgumentHelp(
        "A daemon's admin address, https://host:8300, in place of a socket (default: $COFFER_URL).", valueName: "url"))
    var url: String?

    @Option(
        help: ArgumentHelp("With --url: a file with the access token (default: $COFFER_TOKEN_FILE, else $COFFER_TOKEN).", valueName: "path"),
        completion: .file())
    var tokenFile: String?

    @Option(
        help: ArgumentHelp("With --url: certificate authorities, PEM (default: $COFFER_CA_FILE, else the system's).", valueName: "path"),
        completion: .file())
    var caFile: String?

    private static let longestToken = 512

    /// `nil`: the socket is meant.
    func address() throws -> TunnelAddress? {
        guard let text = url ?? Environment.variable("COFFER_URL") else { return nil }
        guard let address = TunnelAddress(text) else {
            throw CommandFailure.usage("'\(Printable.text(text))' is no address such as https://host:8300")
        }
        guard address.isSecure || address.isLoopback else {
            throw CommandFailure.usage("\(Printable.text(text)): the access token would go over the network in the clear; use https")
        }
        return address
    }

    func connector(to address: TunnelAddress) throws -> @Sendable () throws(ClientError) -> Int32 {
        Tunnel.connector(to: address, token: try token(), authorities: caFile ?? Environment.variable("COFFER_CA_FILE") ?? "")
    }

    /// Never an argument: other users see those.
    private func token() throws -> SecretBytes {
        if let file = tokenFile ?? Environment.variable("COFFER_TOKEN_FILE") {
            return try checked(SecretInput.withoutLineEnd(try SecretInput.whole(file: file, limit: Self.longestToken + 2, "the access token")))
        }
        guard let text = Environment.variable("COFFER_TOKEN") else {
            throw CommandFailure.usage("--url needs an access token: in a file (--token-file, COFFER_TOKEN_FILE) or in COFFER_TOKEN")
        }
        return try checked(SecretBytes(Array(text.utf8)))
    }

    private func checked(_ token: SecretBytes) throws -> SecretBytes {
        guard (1...Self.longestToken).contains(token.count), token.withUnsafeBytes({ $0.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) else {
            throw CommandFailure.badInput("the access token must be 1 to \(Self.longestToken) letters, digits and signs, without blanks")
        }
        return token
    }
}
