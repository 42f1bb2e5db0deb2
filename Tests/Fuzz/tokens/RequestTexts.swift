import CofferAccounts
@testable import CofferHTTP
import FuzzSupport
import HTTPTypes

/// What doors read out of a request that is already a request: one text in all its places.
enum RequestTexts {
    static func check(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        var headers = HTTPFields()
        headers[.authorization] = text
        headers[.cookie] = text
        let call = HTTPCall(
            method: "GET", path: "/" + text, query: text, headers: headers, client: ClientAddress(v4: 0x7F00_0001))
        if let bearer = call.bearer {
            let blanks: Set<Character> = [" ", "\t"]
            Harness.check(bearer.first.map { !blanks.contains($0) } ?? true, "a credential begins with a blank")
            Harness.check(bearer.last.map { !blanks.contains($0) } ?? true, "a credential ends with a blank")
        }
        for (name, _) in call.cookies { Harness.check(!name.isEmpty && !name.utf8.contains(UInt8(ascii: ";")), "a cookie's name is none") }
        Harness.check(call.queryItems.count <= QueryText.maximumItems, "a query has more items than are read")
        let page = NewAPIPage(call, standard: 10)
        Harness.check(page.number >= 1 && (1...100).contains(page.size) && page.skip >= 0, "a page lies outside of its list")
        _ = NewAPILanguage(text)
        if let pattern = try? NewAPISearchPattern(text), !pattern.hasWildcard {
            Harness.check(pattern.matches(text), "a search without gaps does not find its own text")
        }
        for method in ["GET", "POST", "DELETE"] {
            if let route = NewAPIRoute.find(method, call.path) { _ = try? NewAPIRequest(call, route).pathID() }
            _ = RAGFlowPaths.all.find(method, call.path)
        }
    }
}
