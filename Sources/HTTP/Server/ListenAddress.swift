import CofferAccounts

/// Where a door listens: an address of this machine and a port.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    public let host: ClientAddress
    /// 0: a free one is taken; ``HTTPServer/boundAddresses()`` tells which.
    public let port: UInt16

    public init(host: ClientAddress, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `127.0.0.1:3000`, `[::1]:3000`, `localhost:3000`; `:3000` stands for all addresses of both families.
    /// - Returns: `nil` for everything else; other names are not resolved, since what they mean may change.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let port = UInt16(digits) else { return nil }
        self.port = port
        let host = text[..<colon]
        if host.isEmpty {
            self.host = ClientAddress(high: 0, low: 0)
        } else if host == "localhost" {
            self.host = ClientAddress(v4: 0x7F00_0001)
        } else if host.hasPrefix("["), host.hasSuffix("]"), let address = ClientAddress(host.dropFirst().dropLast()), host.contains(":") {
            self.host = address
        } else if !host.contains(":"), let address = ClientAddress(host) {
            self.host = address
        } else {
            return nil
        }
    }

    public var description: String { host.isV4 ? "\(host):\(port)" : "[\(host)]:\(port)" }
}
