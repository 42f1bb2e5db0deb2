import CofferJSON
import Testing

@testable import CofferHTTP

@Suite struct EditPlanTests {
    private let present = EditPlan.Present(
        token: "eyJ-session", isForAPI: true, usesRefreshToken: false, username: "a@b.c", userPassword: "old-password")
    private var web: EditPlan.Present {
        .init(token: "a@b.c,old-password", isForAPI: false, usesRefreshToken: false, username: "a@b.c", userPassword: "old-password")
    }

    private func body(_ fields: [(String, JSONValue)]) throws -> TokenBody { try TokenBody(BodyFields(.object(fields))) }

    private func api(_ more: [(String, JSONValue)] = []) -> [(String, JSONValue)] {
        [("setPoolToken", .bool(true)), ("useRefreshToken", .bool(false))] + more
    }

    @Test func whatIsUnchangedIsSavedWithoutACall() throws {
        for token in [JSONValue.string("eyJ-session"), .null] {
            let plan = EditPlan(present, try body(api([("token", token)])))
            #expect(plan.dial == .nothing && !plan.isNewValue && plan.token == "eyJ-session" && plan.isForAPI)
        }
    }

    @Test func aNewTokenIsExchangedInBothModes() throws {
        for mode in [true, false] {
            var start = present
            start.isForAPI = mode
            let plan = EditPlan(start, try body([("setPoolToken", .bool(mode)), ("token", .string("eyJ-other"))]))
            #expect(plan.dial == .exchange && plan.isNewValue && plan.token == "eyJ-other")
        }
        #expect(EditPlan(present, try body(api([("token", .string(""))]))).dial == .exchange)
    }

    @Test func fromTheAPIToTheWebTheValueIsTheLogin() throws {
        let plan = EditPlan(present, try body([("setPoolToken", .bool(false)), ("token", .string("anything")), ("username", .string("n@b.c"))]))
        #expect(plan.dial == .nothing && plan.isSwitchedOff && plan.token == "n@b.c,old-password" && !plan.isForAPI)
    }

    @Test func fromTheWebToTheAPIItLogsIn() throws {
        let plan = EditPlan(web, try body(api([("token", .string("a@b.c," + Mask.text))])))
        #expect(plan.dial == .login && plan.isForAPI)
    }

    @Test func theOtherKindIsGotByLoggingIn() throws {
        let plan = EditPlan(present, try body([("setPoolToken", .bool(true)), ("useRefreshToken", .bool(true))]))
        #expect(plan.dial == .login && plan.usesRefreshToken)
    }

    @Test func aLoginForTheWebIsNeverExchanged() throws {
        let masked = EditPlan(web, try body([("setPoolToken", .bool(false)), ("token", .string("a@b.c," + Mask.text))]))
        #expect(masked.dial == .nothing && !masked.isNewValue)
        let changed = EditPlan(web, try body([
            ("setPoolToken", .bool(false)), ("token", .string("a@b.c,new-password")), ("userPassword", .string("new-password")),
        ]))
        #expect(changed.dial == .nothing && changed.isNewValue && changed.token == "a@b.c,new-password")
    }
}
