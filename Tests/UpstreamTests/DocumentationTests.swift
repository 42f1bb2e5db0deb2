import CofferUpstream
import Glibc
import Testing

/// The example of docs/providers.md is a provider.
@Suite struct DocumentationTests {
    @Test func exampleIsRead() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let page = try #require(Self.contents(folder + "/docs/providers.md"))
        let start = try #require(page.firstRange(of: "```yaml\nprovider: acme"))
        let rest = page[page.index(start.lowerBound, offsetBy: 8)...]
        let end = try #require(rest.firstRange(of: "\n```"))
        let provider = try Provider.read(String(rest[..<end.lowerBound]) + "\n")
        #expect(provider.steps.map(\.name) == ["refresh", "login", "check"])
        let step = try #require(provider.step("refresh"))
        #expect(step.needs == ["refresh", "client_secret"])
        let call = try provider.prepare(try #require(provider.step("login")), values: secrets(["username": "u", "password": "p", "device": "7"]))
        #expect(text(call.body) == #"{"user":"u","password":"p","device":7,"remember":true,"locale":"eu"}"#)
    }

    private static func contents(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
