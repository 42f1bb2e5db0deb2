import CofferAccounts

/// Which `Host` a door answers to. A name that the user's browser was tricked into resolving to us (DNS rebinding) is not among them.
enum HostRule {
    /// Names as the configuration has them, in lower case.
    static func read(_ hosts: [String], key: String) throws(HTTPSettingsError) -> [String] {
        var names: [String] = []
        for host in hosts {
            guard let name = name(of: host), !host.contains(":") || ClientAddress(name) != nil else {
                throw HTTPSettingsError(key, "'\(host)' is not a host name; it stands without a scheme and a port")
            }
            names.append(name)
        }
        return names
    }

    /// - Parameters:
    ///   - header: the value of the only `Host` header.
    ///   - listen: the address as configured.
    ///   - local: where this connection arrived.
    static func allows(_ header: String, listen: ClientAddress, local: ClientAddress?, hosts: [String]) -> Bool {
        guard let name = name(of: header) else { return false }
        if hosts.contains(name) { return true }
        let literal = ClientAddress(name)
        if listen.isLoopback { return name == "localhost" || literal?.isLoopback == true }
        if hosts.isEmpty { return true }
        return literal != nil && (literal == listen || literal == local)
    }

    /// The name in `name:port` or `[address]:port`, in lower case and without a dot at its end; `nil` for what is neither.
    static func name(of header: String) -> String? {
        var name = header[...]
        var isLiteral = false
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return nil }
            guard isPort(name[name.index(after: end)...]) else { return nil }
            name = name[name.index(after: name.startIndex)..<end]
            guard name.contains(":"), ClientAddress(name) != nil else { return nil }
            isLiteral = true
        } else if let colon = name.firstIndex(of: ":") {
            if ClientAddress(name) == nil {
                guard isPort(name[colon...]) else { return nil }
                name = name[..<colon]
            } else {
                isLiteral = true
            }
        }
        if !isLiteral, name.hasSuffix(".") { name = name.dropLast() }
        guard !name.isEmpty, name.utf8.count <= 253, isLiteral || name.utf8.allSatisfy(isNameByte) else { return nil }
        return name.lowercased()
    }

    private static func isPort(_ text: Substring) -> Bool {
        guard text.first == ":" else { return text.isEmpty }
        return text.utf8.count <= 6 && text.dropFirst().utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}
