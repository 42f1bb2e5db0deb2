import CofferAccounts
@testable import CofferHTTP
import FuzzSupport
import HTTPTypes
import NIOHTTP1

/// What must hold for each head that the parser lets through, and for what is made of it.
enum HeadRules {
    private static let peer = ClientAddress(v4: 0x0A00_0001)
    private static let other = ClientAddress(v4: 0xC000_0207)
    private static let trusted = ["10.0.0.0/8", "fd00::/8"].compactMap { AddressRange($0) }

    static func check(_ head: HTTPRequestHead, _ limits: HTTPLimits) {
        Harness.check(head.uri.utf8.allSatisfy { $0 < 0x80 }, "a target is not ASCII")
        Harness.check(head.uri.utf8.count <= limits.maxLine * 3, "a target is longer than its limit")
        let size = head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        // What is no UTF-8 grows threefold when it becomes text.
        Harness.check(size <= limits.maxHead * 3, "the headers are longer than their limit")
        if let target = RequestFacts.target(head.uri) {
            let joined = target.query.isEmpty ? target.path : target.path + "?" + target.query
            Harness.check(target.path.hasPrefix("/") && !target.path.contains("?"), "a path has a query in it")
            Harness.check(joined == head.uri || joined + "?" == head.uri, "a target's parts are not the target")
            check(target.path, target.query, head.headers)
        }
        for host in head.headers["host"] { check(host: host) }
        check(proxies: head.headers)
    }

    private static func check(_ path: String, _ query: String, _ headers: HTTPHeaders) {
        let call = HTTPCall(
            method: "GET", path: path, query: query, headers: RequestFacts.fields(headers), client: peer)
        let items = call.queryItems
        Harness.check(items.count <= QueryText.maximumItems, "a query has more items than are read")
        Harness.check(
            items.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } <= query.utf8.count * 3, "a query grew when it was decoded")
        for name in call.cookies.keys { Harness.check(!name.isEmpty && !name.contains(";"), "a cookie's name is no name") }
        if let bearer = call.bearer { Harness.check(!bearer.hasSuffix(" ") && !bearer.hasSuffix("\t"), "a credential ends in blanks") }
        _ = NewAPILanguage(call.header("accept-language"))
        _ = NewAPIRoute.find("GET", path)
        _ = RAGFlowPaths.all.find("GET", path)
    }

    private static func check(host: String) {
        let name = HostRule.name(of: host)
        let loopback = ClientAddress(v4: 0x7F00_0001)
        let isAllowed = HostRule.allows(host, listen: loopback, local: loopback, hosts: [])
        if let name {
            Harness.check(!name.isEmpty && name.utf8.count <= 253 && name == name.lowercased(), "a host's name is out of its rules")
            let isOwn = name == "localhost" || ClientAddress(name)?.isLoopback == true
            Harness.check(isAllowed == isOwn, "a loopback door answers to another host")
            Harness.check(HostRule.allows(host, listen: other, local: nil, hosts: [name]), "a door does not answer to its own name")
        } else {
            Harness.check(!isAllowed, "a door answers to what is no host")
        }
    }

    private static func check(proxies headers: HTTPHeaders) {
        let client = TrustedProxies.client(peer: other, headers: headers, trusted: trusted)
        Harness.check(client == other, "a peer that is no proxy said who it is")
        Harness.check(
            !TrustedProxies.isSecure(peer: other, headers: headers, trusted: trusted),
            "a peer that is no proxy said it is secure")
        _ = TrustedProxies.client(peer: peer, headers: headers, trusted: trusted)
        _ = TrustedProxies.isSecure(peer: peer, headers: headers, trusted: trusted)
    }
}
