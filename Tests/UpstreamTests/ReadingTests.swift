import CofferUpstream
import Testing

/// Mistakes in provider files: each is refused with its line.
@Suite struct ReadingTests {
    private func errors(_ source: String) -> [String] {
        do {
            _ = try Provider.read(source)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    /// What is wrong with one step; its lines begin at 12.
    private func stepErrors(_ lines: String) -> [String] { errors(Samples.source(lines)) }

    @Test func allAtOnceInOrder() {
        let source = """
            provider: Bad_Name
            titel: x
            lead: -1
            steps:
              - name: a
                url: ftp://host/
              - name: a
                url: "https://h/{nope}"
                timeout: 5
            """
        let found = errors(source)
        #expect(found.count == 6)
        #expect(found[0] == "line 1: provider: must be 1 to 64 of a-z, 0-9 and '-'")
        #expect(found[1].hasPrefix("line 2: titel: unknown key; it may be provider, title,"))
        #expect(found[2] == "line 3: lead: must be a whole number from 0 to 604800")
        #expect(found[3] == "line 6: steps.a.url: must begin with http://, https://, a base URL or a parameter of type url")
        #expect(found[4] == "line 8: steps.a.url: '{nope}' is neither a token, a login field, a base URL nor a parameter")
        #expect(found[5] == "line 9: steps.a.timeout: must be a whole number from 1000 to 120000")
    }

    @Test func missingKeys() {
        #expect(errors("title: x") == ["line 1: provider: is missing", "line 1: steps: is missing"])
        #expect(errors("provider: x\nsteps: []") == ["line 2: steps: must not be empty"])
        #expect(errors("").first == "line 1: the file is empty")
        #expect(errors("- a").first == "line 1: must be a mapping")
        #expect(errors("provider: a\nsteps:\n  - name: b") == ["line 3: steps.b.url: is missing"])
    }

    @Test func sameStepTwice() {
        let source = "provider: a\nsteps:\n  - { name: b, url: \"https://h/\" }\n  - { name: b, url: \"https://h/\" }"
        #expect(errors(source) == ["line 4: steps.b: a step of this name already stands in line 3"])
    }

    @Test(arguments: [
        ("provider: a\nsteps: &x []", "line 2: anchors are not allowed"), ("provider: *x\nsteps: []", "alias"),
        ("provider: !!str a\nsteps: []", "line 1: tags are not allowed"), ("provider: a\n<<: {b: c}\nsteps: []", "line 2: merge keys"),
        ("provider: a\nprovider: b", "twice in one mapping: 'provider'"), ("provider: [", "not valid YAML"),
        ("? {a: b}\n: c", "line 1: '?' may not begin a word here"), ("provider: a\n---\nprovider: b", "not valid YAML"),
        ("provider: a\u{202E}", "the character U+202E is not allowed"), ("provider: a\nsteps: 5", "line 2: steps: must be a list"),
        ("provider: a\nsteps:\n- {name: b, url: \"https://h/\", json: \(String(repeating: "[", count: 40))\(String(repeating: "]", count: 40))}", "nested deeper than 24"),
        ("a: \(String(repeating: "[", count: 5_000))", "YAML"),
    ])
    func refusesYAML(_ source: String, _ message: String) {
        #expect(errors(source).contains { $0.contains(message) }, "\(errors(source))")
    }

    @Test func refusesLargeFiles() {
        #expect(errors(String(repeating: "#", count: 262_145)) == ["line 1: the file has 262145 bytes; at most 262144 are allowed"])
    }

    @Test func listsAtMost200() {
        let source = "provider: a\nsteps: []\n" + (0..<300).map { "k\($0): 1" }.joined(separator: "\n")
        do {
            _ = try Provider.read(source)
            Issue.record("was read")
        } catch {
            #expect(error.errors.count == 1)
            #expect(error.errors.first?.message.contains("at most 64 are allowed") == true)
        }
        let many = ProviderErrors((1...250).map { ProviderError(line: $0, "", "x") })
        #expect(many.errors.count == 200)
        #expect(many.more == 50)
    }

    @Test(arguments: [
        ("url: \"https://h/{nope}\"", "line 12: steps.call.url: '{nope}' is neither"),
        ("url: \"https://{opt}/\"", "line 12: steps.call.url: the host must not be a template"),
        ("url: \"https://h{opt}/x\"", "line 12: steps.call.url: the host must not be a template"),
        ("url: \"{opt}/x\"", "line 12: steps.call.url: must begin with http://"),
        ("url: \"{url}x\"", "line 12: steps.call.url: '/' or '?' must follow '{url}'"),
        ("url: \"https://h/ x\"", "must not contain blanks"), ("url: \"https://h/#x\"", "must not contain blanks, '#'"),
        ("url: \"https://h/{\"", "'{' without '}'"), ("url: \"https://h/{A b}\"", "'{A b}' is not a name"), ("url: \"\"", "has no value"),
        ("url:", "line 12: steps.call.url: has no value"), ("url: https://u:p@h/", "must not contain a user name"),
        ("url: https://h/\nform: { a: \"{what}\" }", "line 13: steps.call.form.a: '{what}' is neither"),
        ("url: https://h/\nform: { a: {refresh} }", "line 13: steps.call.form.a: must be a text; write a template in quotes"),
        ("url: https://h/\nform: {}\njson: {}", "line 14: steps.call.json: a request has one body; 'form' is there already"),
        ("url: https://h/\nmethod: GET\nform: {}", "a GET has no body"), ("url: https://h/\nmethod: HEAD", "must be GET, POST"),
        ("url: https://h/\nheaders: { Host: x }", "line 13: steps.call.headers.Host: this header is not the provider's to set"),
        ("url: https://h/\nheaders: { \"a b\": x }", "is not a header's name"), ("url: https://h/\nheaders: { a: x, A: y }", "stands twice"),
        ("url: https://h/\nheaders: { Authorization: x }\nbasic: { user: a, password: b }", "Authorization is there already"),
        ("url: https://h/\nmultipart: { \"a\\\"b\": x }", "must be of letters"),
        ("url: https://h/\ntake: { access: token }", "line 13: steps.call.take.access: 'token' is not a JSON Pointer"),
        ("url: https://h/\ntake: { access: /~ }", "is not a JSON Pointer"), ("url: https://h/\ntake: { \"A-b\": /x }", "a name must be"),
        ("url: https://h/\ntake: { a: { pointer: /x, min_length: 9, max_length: 3 } }", "is more than max_length"),
        ("url: https://h/\ntake: { a: /x }\nexpires: { access: /y }", "is not a token that the step takes"),
        ("url: https://h/\ntake: { a: /x }\nanswer: any", "values are taken out of JSON only"),
        ("url: https://h/\nconsumes: email", "'email' is not a kind of token"),
        ("url: https://h/\nconsumes: refresh", "the request does not hold '{refresh}'"),
        ("url: https://h/\nreplay: often", "must be never, safe, grace SECONDS"), ("url: https://h/\nreplay: \"{opt}\"", "is not a parameter of type replay"),
        ("url: https://h/\npurpose: fun", "'fun' is not known; it may be refresh, login"), ("url: https://h/\ncost: x", "must be a whole number"),
        ("url: https://h/\nwhen: { nope: x }", "is not a parameter"), ("url: https://h/\nwhen: { mode: head }", "'head' can never be"),
        ("url: https://h/\nsuccess: 2xy", "must be a status such as"), ("url: https://h/\nform_extra: opt", "there is no form to add to"),
        ("url: https://h/\nrules: [{ when: { status: 99 }, verdict: dead }]", "must be a status such as"),
        ("url: https://h/\nrules: [{ when: {}, verdict: dead }]", "must have a condition"),
        ("url: https://h/\nrules: [{ verdict: dead }]", "when: is missing"),
        ("url: https://h/\nrules: [{ when: { status: 401 }, verdict: gone }]", "'gone' is not known; it may be ok, dead, limited, person, down"),
        ("url: https://h/\nrules: [{ when: { body: { x: y } }, verdict: dead }]", "is not a JSON Pointer"),
        ("url: https://h/\nrules: [{ when: { body: { /x: {} } }, verdict: dead }]", "must have exists, equals"),
        ("url: https://h/\nrules: [{ when: { body: { /x: { type: text } } }, verdict: dead }]", "'text' is not known"),
        ("url: https://h/\nrules: [{ when: { status: 429 }, verdict: dead, retry_after: 5 }]", "belongs to the verdict limited"),
        ("url: https://h/\nrules: [{ when: { status: 429 }, verdict: limited, retry_after: 0 }]", "from 1 to 86400"),
        ("url: https://h/\nrules: [{ when: { status: 200 }, verdict: ok, unused: true }]", "an ok answer used the token"),
        ("url: https://h/\nform: { a: { value: x, wen: {} } }", "line 13: steps.call.form.a.wen: unknown key"),
    ])
    func refusesStep(_ lines: String, _ message: String) {
        let found = stepErrors(lines)
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }

    @Test(arguments: [
        ("access: {}", "means a token"), ("password: {}", "means a token, a login field"), ("A: {}", "a name must be"), ("a: { type: float }", "'float' is not known"),
        ("a: { type: url, default: x }", "must begin with http"), ("a: { choices: [b], default: c }", "must be one of b"),
        ("a: { required: true, default: x }", "only one of both"), ("a: { secret: maybe }", "must be true or false"), ("a: { hidden: true }", "unknown key"),
    ])
    func refusesParameter(_ line: String, _ message: String) {
        let found = errors("provider: x\nparameters:\n  \(line)\nsteps:\n  - { name: a, url: \"https://h/\" }")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("line 3: parameters.") == true)
        #expect(found.first?.contains(message) == true, "\(found)")
    }

    @Test(arguments: ["ftp://h", "https://h/?a=b", "https://u@h/", "h"])
    func refusesBase(_ url: String) {
        let found = errors("provider: x\nbases:\n  a: \"\(url)\"\nsteps:\n  - { name: a, url: \"https://h/\" }")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("line 3: bases.a: ") == true)
    }

    @Test func replacesBases() throws {
        let openAI = try #require(Provider.builtIn("openai"))
        #expect(try openAI.replacing(bases: ["auth": "http://127.0.0.1:9"]).bases["auth"] == "http://127.0.0.1:9")
        #expect(throws: ProviderErrors([ProviderError("openai.outh", "provider 'openai' has no URL 'outh'; it has auth, backend")])) {
            try openAI.replacing(bases: ["outh": "http://127.0.0.1:9"])
        }
        #expect(throws: ProviderErrors.self) { try openAI.replacing(bases: ["auth": "file:///etc"]) }
        #expect(throws: ProviderErrors.self) { try openAI.replacing(bases: ["auth": "http://h/?x=1"]) }
        let freeAPI = try #require(Provider.builtIn("free-api")).replacing(bases: ["url": "http://127.0.0.1:9/token/check"])
        #expect(freeAPI.parameter("url")?.default == "http://127.0.0.1:9/token/check")
    }

    @Test func readsEverything() throws {
        let provider = try Samples.provider("url: \"{url}/x\"\npurpose: check\ncost: 7\ntimeout: 1000\ntake: { access: /a, email: /b }")
        let step = try #require(provider.step("call"))
        #expect(step.purpose == .check)
        #expect(step.cost == 7)
        #expect(step.timeout == 1_000)
        #expect(step.needs == ["url"])
        #expect(step.gives == ["access"])
        #expect(provider.title == "sample")
        #expect(!provider.isBuiltIn)
        #expect(provider.steps(.check).map(\.name) == ["call"])
        #expect(provider.lead == 300)
    }
}
