import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct DoorSettingsTests {
    @Test func setReadListRemove() async throws {
        let fixture = try AccountsFixture()
        let doors = fixture.accounts.doors
        #expect(doors.value("newapi", "price") == nil)
        #expect(doors.list().map(\.door) == doors.list().map(\.door).sorted())
        #expect(doors.list().filter { $0.door == "newapi" }.map { "\($0.door)/\($0.field)" } == [
            "newapi/quota_per_unit", "newapi/price", "newapi/system_name", "newapi/server_address",
        ])
        #expect(doors.list().allSatisfy { !$0.isSet && $0.changed == 0 })
        try await doors.set("newapi", "price", secret("7.3"), allowSample: false, by: "test")
        #expect(text(doors.value("newapi", "price")) == "7.3")
        try fixture.reopen()
        let again = fixture.accounts.doors
        #expect(text(again.value("newapi", "price")) == "7.3")
        #expect(again.list().filter(\.isSet).map(\.field) == ["price"])
        #expect(again.list().first { $0.isSet }?.changed == fixture.clock.now)
        try await again.set("newapi", "price", nil, allowSample: false, by: "test")
        try await again.set("newapi", "price", nil, allowSample: false, by: "test")
        #expect(again.value("newapi", "price") == nil)
    }

    @Test func unknownOnesAreRefused() async throws {
        let fixture = try AccountsFixture()
        let doors = fixture.accounts.doors
        #expect(await refusal { try await doors.set("oldapi", "price", secret("1"), allowSample: true, by: "test") } == "notFound:door")
        #expect(await refusal { try await doors.set("newapi", "prize", secret("1"), allowSample: true, by: "test") } == "notFound:field")
        #expect(doors.value("newapi", "prize") == nil)
        #expect(await refusal { try await doors.set("newapi", "price", secret(""), allowSample: true, by: "test") }
            == "invalidArgument:value")
        let long = secret(String(repeating: "x", count: 65_537))
        #expect(await refusal { try await doors.set("newapi", "price", long, allowSample: true, by: "test") } == "invalidArgument:value")
    }

    @Test(arguments: ["admin123", "123456", "Password", " changeme\n", "secret"]) func samplesNeedAWord(_ sample: String) async throws {
        let fixture = try AccountsFixture()
        let doors = fixture.accounts.doors
        #expect(await refusal { try await doors.set("newapi", "system_name", secret(sample), allowSample: false, by: "test") }
            == "invalidArgument:value")
        try await doors.set("newapi", "system_name", secret(sample), allowSample: true, by: "test")
        try await doors.set("newapi", "system_name", secret(sample + "x"), allowSample: false, by: "test")
    }
}
