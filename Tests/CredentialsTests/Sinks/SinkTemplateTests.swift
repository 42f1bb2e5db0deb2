import CofferStore
import Testing

@testable import CofferCredentials

@Suite struct SinkTemplateTests {
    private func credential(_ name: String = "my acc-1") throws -> Credential {
        var credential = Credential(
            number: 7, tenant: .main, name: try DocumentName(name.utf8), provider: "oauth2", email: "a@b.c", created: 0, updated: 0)
        credential.memo = "say \"hi\" $HOME `id` \\"
        credential.attributes = ["tokenstool.shared": "yes"]
        credential.parameters = ["scope": "a b"]
        credential.tokens = [
            TokenFact(kind: "access", expires: 1_790_000_000_999, obtained: 1), TokenFact(kind: "refresh", expires: 0, obtained: 1),
        ]
        return credential
    }

    private func render(
        _ encoding: SinkTemplate.Encoding, _ element: String, _ credentials: [Credential], token: String = "tok",
        header: String = "", separator: String = "", footer: String = ""
    ) throws -> String {
        let template = SinkTemplate(encoding: encoding, header: header, element: element, separator: separator, footer: footer)
        let rendering = SinkRendering(template: template, element: try SinkElement(template))
        let buffer = try rendering.render(credentials) { (_, _) throws(CredentialError) in SecretBuffer(Array(token.utf8)) }
        return withExtendedLifetime(buffer) { String(decoding: buffer.bytes, as: UTF8.self) }
    }

    @Test func json() throws {
        let element = #"{{"name": {name}, "t": {token:access}, "e": {expires:access}, "x": {attribute:none}, "m": {memo}}"#
        let text = try render(.json, element, [try credential(), try credential("b")], header: "[", separator: ",\n", footer: "]\n")
        #expect(text == #"""
            [{"name": "my acc-1", "t": "tok", "e": 1790000000, "x": null, "m": "say \"hi\" $HOME `id` \\"},
            {"name": "b", "t": "tok", "e": 1790000000, "x": null, "m": "say \"hi\" $HOME `id` \\"}]

            """#)
        #expect(try render(.json, "{token:access}{expires:refresh}", [try credential()], token: "a\n\u{1}é") == "\"a\\u000a\\u0001é\"null")
        #expect(try render(.json, "{name}", [], header: "[", separator: ",", footer: "]") == "[]")
    }

    @Test func env() throws {
        #expect(
            try render(.env, "{variable}={token:access}\n{variable}_MEMO={memo}\n", [try credential()])
                == "MY_ACC_1=\"tok\"\nMY_ACC_1_MEMO=\"say \\\"hi\\\" \\$HOME \\`id\\` \\\\\"\n")
        #expect(try render(.env, "{variable}={attribute:none}", [try credential("1é")]) == "_1__=\"\"")
    }

    @Test func plain() throws {
        #expect(
            try render(.plain, "{number},{name},{email},{provider},{token:access},{parameter:scope},{attribute:tokenstool.shared}\n", [try credential()])
                == "7,my acc-1,a@b.c,oauth2,tok,a b,yes\n")
    }

    @Test func whoLacksATokenIsLeftOut() throws {
        var without = try credential("without")
        without.tokens = []
        #expect(try render(.plain, "{name}:{token:access}", [without, try credential("with")], separator: "\n") == "with:tok")
    }

    @Test(arguments: [SinkTemplate.Encoding.plain, .env])
    func aLineBreakInAValueIsNoSecondLine(encoding: SinkTemplate.Encoding) async throws {
        let credential = try credential()
        #expect(await scheduleRefusal { _ = try self.render(encoding, "{token:access}", [credential], token: "a\nEVIL=1") } == "failed:template")
        do {
            _ = try render(encoding, "{token:access}", [credential], token: "hidden\n")
        } catch let error as CredentialError {
            #expect(!error.message.contains("hidden") && error.message.contains("token:access"))
        }
    }

    @Test(arguments: [
        "", "{", "{name", "{nothing}", "{token:}", "{token}", "{token:UP}", "{ name }", "{name}}{", "{env:PATH}", "a\u{0}b", "{\u{202E}}",
    ])
    func aTemplateThatCannotBeMeantIsRefused(element: String) async {
        #expect(await scheduleRefusal { _ = try SinkElement(SinkTemplate(encoding: .plain, element: element)) } == "invalidArgument:template")
    }

    @Test func noPartIsLongerThanItMayBe() async {
        let long = String(repeating: "x", count: SinkElement.maximumPart + 1)
        for template in [
            SinkTemplate(encoding: .plain, header: long, element: "x"), SinkTemplate(encoding: .plain, element: long),
            SinkTemplate(encoding: .plain, element: "x", separator: long), SinkTemplate(encoding: .plain, element: "x", footer: long),
        ] {
            #expect(await scheduleRefusal { _ = try SinkElement(template) } == "invalidArgument:template")
        }
    }
}

@Suite struct SinkDebounceTests {
    @Test func aMomentAfterTheLastChange() {
        var debounce = SinkDebounce()
        #expect(debounce.due == nil)
        debounce.change(at: 10_000)
        #expect(debounce.due == 11_000)
        debounce.change(at: 10_900)
        #expect(debounce.due == 11_900)
        debounce.begin()
        #expect(debounce.due == nil)
    }

    @Test func atTheLatestFiveSecondsAfterTheFirst() {
        var debounce = SinkDebounce()
        for time in stride(from: 10_000, to: 20_000, by: 500) as StrideTo<UInt64> { debounce.change(at: time) }
        #expect(debounce.due == 15_000)
    }

    @Test func afterFailuresLessAndLessOften() {
        var debounce = SinkDebounce()
        var waits: [UInt64] = []
        for failures in 1...9 as ClosedRange<UInt16> {
            debounce.begin()
            debounce.end(at: 100_000, failures: failures)
            waits.append((debounce.due ?? 0) - 100_000)
        }
        #expect(waits == [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000])
        debounce.change(at: 101_000)
        #expect(debounce.due == 400_000)
        debounce.force(at: 102_000)
        #expect(debounce.due ?? .max <= 102_000)
        debounce.begin()
        debounce.end(at: 103_000, failures: 0)
        #expect(debounce.due == nil)
    }
}
