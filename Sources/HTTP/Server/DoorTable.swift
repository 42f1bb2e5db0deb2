import CofferAccounts

/// A door with the rules that hold for it alone.
struct DoorEntry: Sendable {
    let door: any HTTPDoor
    let address: ListenAddress
    let tls: TLSFiles?
    let trustedProxies: [AddressRange]
    let hosts: [String]

    /// The rules of `http`, with what the door has of its own.
    init(_ listen: DoorListen, tls: TLSFiles?, trustedProxies: [AddressRange], hosts: [String]) throws(HTTPSettingsError) {
        let key = "http.\(listen.door.id)"
        door = listen.door
        address = listen.address
        self.tls =
            switch listen.tls {
            case .inherited: tls
            case .off: nil
            case .files(let files): files
            }
        self.trustedProxies =
            if let own = listen.trustedProxies { try TrustedProxies.read(own, key: key + ".trusted_proxies") } else { trustedProxies }
        self.hosts = if let own = listen.hosts { try HostRule.read(own, key: key + ".hosts") } else { hosts }
        if self.tls == nil, !listen.address.host.isLoopback, !listen.insecure {
            throw HTTPSettingsError(key + ".listen", "\(listen.address) is reached from other machines: it needs tls, or insecure: true")
        }
        for claim in door.claims {
            if let objection = claim.objection { throw HTTPSettingsError(key, objection) }
        }
    }
}

/// The doors behind one address, and whose a path is.
struct ListenGroup: Sendable {
    let address: ListenAddress
    let tls: TLSFiles?
    let entries: [DoorEntry]

    /// The doors by address.
    /// - Throws: when doors at one address want the same paths, or different certificates.
    static func grouped(_ entries: [DoorEntry]) throws(HTTPSettingsError) -> [ListenGroup] {
        var ids: Set<String> = []
        for entry in entries where !ids.insert(entry.door.id).inserted {
            throw HTTPSettingsError("http.\(entry.door.id)", "there are two doors of this name")
        }
        var groups: [ListenGroup] = []
        for entry in entries where !groups.contains(where: { $0.address == entry.address }) {
            groups.append(try ListenGroup(entries.filter { $0.address == entry.address }, address: entry.address))
        }
        return groups
    }

    private init(_ entries: [DoorEntry], address: ListenAddress) throws(HTTPSettingsError) {
        self.entries = entries
        self.address = address
        tls = entries.first?.tls
        for (index, first) in entries.enumerated() {
            for second in entries[(index + 1)...] {
                let names = "\(first.door.id) and \(second.door.id) share \(address)"
                guard first.tls == second.tls else {
                    throw HTTPSettingsError("http.\(second.door.id).tls", "\(names) and must have the same certificate")
                }
                if let path = Self.collision(first.door.claims, second.door.claims) {
                    throw HTTPSettingsError("http.\(second.door.id).listen", "\(names) and both claim \(path)")
                }
            }
        }
    }

    private static func collision(_ first: [PathClaim], _ second: [PathClaim]) -> String? {
        for claim in first {
            for other in second {
                switch (claim, other) {
                case (.exact(let path), .exact(let same)) where PathClaim.stem(path) == PathClaim.stem(same): return path
                case (.tree(let path), .tree(let inner)) where PathClaim.isBelow(inner, tree: path): return inner
                case (.tree(let inner), .tree(let path)) where PathClaim.isBelow(inner, tree: path): return inner
                default: continue
                }
            }
        }
        return nil
    }

    /// Whose this raw path is; `nil` where nobody claims it.
    func entry(for path: String) -> DoorEntry? {
        if let only = entries.first, entries.count == 1, only.door.claims.contains(.everything) { return only }
        func claims(_ entry: DoorEntry, _ matches: (PathClaim) -> Bool) -> Bool { entry.door.claims.contains(where: matches) }
        if let entry = entries.first(where: { claims($0) { $0.isExactly(path) } }) { return entry }
        return entries.first { claims($0) { $0.isTree(above: path) } }
    }

    /// The door when there is no doubt, even without a path.
    var onlyEntry: DoorEntry? { entries.count == 1 ? entries.first : nil }
}

extension PathClaim {
    /// The path without one slash at its end.
    static func stem(_ path: String) -> Substring { path.utf8.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...] }

    static func isBelow(_ path: String, tree: String) -> Bool {
        let path = stem(path).utf8
        let tree = stem(tree).utf8
        if tree.elementsEqual("/".utf8) { return true }
        return path.starts(with: tree) && (path.count == tree.count || path.dropFirst(tree.count).first == UInt8(ascii: "/"))
    }

    func isExactly(_ path: String) -> Bool {
        guard case .exact(let own) = self else { return false }
        return Self.stem(own).utf8.elementsEqual(Self.stem(path).utf8)
    }

    func isTree(above path: String) -> Bool {
        guard case .tree(let own) = self else { return false }
        return Self.isBelow(path, tree: own)
    }

    /// Why this cannot be claimed.
    var objection: String? {
        switch self {
        case .exact(let path), .tree(let path): path.hasPrefix("/") ? nil : "the path '\(path)' does not begin with '/'"
        case .everything: nil
        }
    }
}
