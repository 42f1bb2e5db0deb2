import CofferAccounts
import CofferJSON

/// A request together with what decides how it is answered.
struct NewAPIRequest: Sendable {
    let call: HTTPCall
    let route: NewAPIRoute
    let language: NewAPILanguage

    init(_ call: HTTPCall, _ route: NewAPIRoute) {
        self.call = call
        self.route = route
        language = NewAPILanguage(call.header("accept-language"))
    }

    /// The id in the path, as Go's `strconv.Atoi` reads it.
    func pathID() throws(NewAPIFailure) -> Int64 {
        if let number = Int64(route.id) { return number }
        let isSigned = route.id.hasPrefix("+") || route.id.hasPrefix("-")
        let digits = route.id.utf8.dropFirst(isSigned ? 1 : 0)
        let isNumber = !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let problem = isNumber ? "value out of range" : "invalid syntax"
        throw NewAPIFailure(.notAnID("strconv.Atoi: parsing \"\(route.id)\": \(problem)"))
    }
}

/// Which part of a list is asked for.
struct NewAPIPage: Sendable {
    /// From 1.
    let number: Int
    /// 1 to 100.
    let size: Int
    /// Whether the request speaks of pages at all.
    let isAskedFor: Bool

    private static let sizes = ["page_size", "ps", "size"]

    /// What is no number counts as absent. Page 0 and those below are the first: several clients begin at 0.
    init(_ call: HTTPCall, standard: Int) {
        let items = call.queryItems
        func number(_ name: String) -> Int? { items.first { $0.name == name }.flatMap { Int($0.value) } }
        self.number = max(number("p") ?? 1, 1)
        let asked = Self.sizes.lazy.compactMap { number($0) }.first { $0 != 0 }
        size = min(max(asked ?? standard, 1), NewAPIBounds.pageSize)
        isAskedFor = items.contains { $0.name == "p" || Self.sizes.contains($0.name) }
    }

    var skip: Int {
        let (product, overflow) = (number - 1).multipliedReportingOverflow(by: size)
        return overflow ? Int.max - size : product
    }

    func object(_ items: [JSONValue], total: Int) -> JSONValue {
        .object([
            ("page", .integer(Int64(number))), ("page_size", .integer(Int64(size))), ("total", .integer(Int64(total))),
            ("items", .array(items)),
        ])
    }
}
