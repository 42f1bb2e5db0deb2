/// An http or https URL, split and checked strictly: what is sent is what was read, whoever reads it.
struct UpstreamURL: Equatable, Sendable {
    let scheme: String
    /// Lower case, IPv6 without brackets.
    let host: String
    let port: UInt16?
    /// From the path on; "" none.
    let rest: [UInt8]

    static let maximumLength = 8_192

    var hasQuery: Bool { rest.contains(UInt8(ascii: "?")) }

    /// - Throws: what is wrong, without the URL: it may hold a secret.
    init(_ bytes: [UInt8]) throws(ProviderError) {
        guard bytes.count <= Self.maximumLength else { throw ProviderError("url", "is longer than \(Self.maximumLength) bytes") }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ProviderError("url", "contains a blank, a control character or a non-ASCII character")
        }
        guard !bytes.contains(UInt8(ascii: "#")), !bytes.contains(UInt8(ascii: "\\")) else {
            throw ProviderError("url", "must not contain '#' or '\\'")
        }
        let lower = bytes.prefix(8).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        if lower.starts(with: "https://".utf8) {
            scheme = "https"
        } else if lower.starts(with: "http://".utf8) {
            scheme = "http"
        } else {
            throw ProviderError("url", "must begin with http:// or https://")
        }
        let start = scheme.utf8.count + 3
        let end = bytes[start...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? bytes.count
        (host, port) = try Self.authority(bytes[start..<end])
        rest = Array(bytes[end...])
    }

    static func authority(_ bytes: ArraySlice<UInt8>) throws(ProviderError) -> (host: String, port: UInt16?) {
        guard !bytes.contains(UInt8(ascii: "@")) else { throw ProviderError("url", "must not contain a user name or password") }
        var name = bytes
        var portText: ArraySlice<UInt8>?
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { throw ProviderError("url", "has '[' without ']'") }
            name = bytes[bytes.index(after: bytes.startIndex)..<close]
            let after = bytes[bytes.index(after: close)...]
            guard after.isEmpty || after.first == UInt8(ascii: ":") else { throw ProviderError("url", "has something behind ']'") }
            if !after.isEmpty { portText = after.dropFirst() }
            guard IPAddress(String(decoding: name, as: UTF8.self)).map({ !$0.isPlainV4 }) == true else {
                throw ProviderError("url", "has no IPv6 address in its brackets")
            }
        } else {
            if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
                name = bytes[..<colon]
                portText = bytes[bytes.index(after: colon)...]
            }
            let isName = name.allSatisfy { byte in
                (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "-._".utf8.contains(byte)
            }
            guard isName, !name.isEmpty, name.count <= 253 else { throw ProviderError("url", "has no valid host name") }
        }
        var port: UInt16?
        if let portText {
            let text = String(decoding: portText, as: UTF8.self)
            guard portText.count <= 5, portText.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(text), number > 0 else {
                throw ProviderError("url", "has no valid port")
            }
            port = number
        }
        return (String(decoding: name, as: UTF8.self).lowercased(), port)
    }

    /// Where the host is written as an address.
    var address: IPAddress? { IPAddress(host) }

    /// `localhost`, `127.x.x.x` or `::1`, and nothing that only ends there.
    var namesLoopback: Bool {
        if host == "localhost" { return true }
        guard let address else { return false }
        return address.isLoopback && (address.isPlainV4 || (address.high == 0 && address.low == 1))
    }
}
