import CofferCredentials
import CofferJSON

/// Which rows a list is about, and which part of them (compat/rtmanage.md 1.3).
struct RTManageQuery: Sendable {
    /// As the answer echoes them.
    let page: Int64
    let pageSize: Int64
    private let bizID, tag, email, type: LikePattern?
    private let isEnabled: Bool?
    private let day: String

    init(_ body: RTManageBody) throws(RTManageFailure) {
        let page = try body.integer("page")
        let size = try body.integer("page_size")
        self.page = page == 0 ? 1 : page
        pageSize = size == 0 ? 10 : min(size, RTManageBounds.page)
        func pattern(_ name: String) throws(RTManageFailure) -> LikePattern? {
            let text = try body.text(name)
            return text.isEmpty ? nil : LikePattern(containing: text)
        }
        bizID = try pattern("biz_id")
        tag = try pattern("tag")
        email = try pattern("email")
        type = try pattern("type")
        isEnabled = try body.bool("enabled")
        day = try body.text("create_date")
    }

    /// A day that is none matches nothing.
    func covers(_ row: RTManageRow) -> Bool {
        func fits(_ pattern: LikePattern?, _ text: String) -> Bool { pattern?.matches(text) ?? true }
        return fits(bizID, row.bizID) && fits(tag, row.tag) && fits(email, row.credential.email) && fits(type, row.type)
            && (isEnabled == nil || row.credential.isEnabled == isEnabled) && (day.isEmpty || MachineTime(row.created).day == day)
    }

    /// Without a limit where the size is negative, from the beginning where the page is.
    func part<Item>(of items: [Item]) -> ArraySlice<Item> {
        let size = Int(pageSize < 0 ? RTManageBounds.page : pageSize)
        let (skip, overflow) = Int(max(page, 1) - 1).multipliedReportingOverflow(by: size)
        // A negative size has no pages.
        if pageSize < 0 { return items.prefix(size) }
        return overflow ? [] : items.dropFirst(skip).prefix(size)
    }
}

extension RTManageDoor {
    /// The newest first.
    func list(_ request: RTManageRequest, _ caller: RTManageCaller) async throws(RTManageFailure) -> RTManageAnswer {
        let query = try RTManageQuery(request.body())
        let found = Array(try await rows().filter(query.covers).reversed())
        let items = try await objects(Array(query.part(of: found)))
        recordReveal(items.count, "list", request.call, caller.principal)
        return RTManageAnswer("获取成功", data: .object([
            ("items", .array(items)), ("total", .integer(Int64(found.count))), ("page", .integer(query.page)),
            ("page_size", .integer(query.pageSize)),
        ]))
    }
}
