import CofferStore
import CofferUpstream
import FuzzSupport

/// Input: a letter that chooses what is read, then a provider file, or the choice of a step and an answer to it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.run(start, count) { bytes in
        var input = InputReader(bytes)
        switch input.byte() {
        case UInt8(ascii: "p"): checkProvider(input.rest())
        case UInt8(ascii: "a"): checkAnswer(&input)
        case UInt8(ascii: "j"): _ = TokenExpiry.ofJWT(SecretBuffer(input.rest()))
        default: break
        }
    }
}

/// A provider that was read is read again from its own source, and routes and previews of it come to an end.
private func checkProvider(_ file: [UInt8]) {
    guard let text = String(validating: file, as: UTF8.self) else { return }
    let provider: Provider
    do throws(ProviderErrors) { provider = try Provider.read(text) } catch {
        Harness.check(!error.errors.isEmpty, "a file is refused without a reason")
        let isSaid = error.errors.allSatisfy { $0.line >= 0 && !$0.message.isEmpty && $0.description.utf8.count < 2_000 }
        return Harness.check(isSaid, "an error says nothing, or too much")
    }
    Harness.check((1...64).contains(provider.name.utf8.count) && !provider.steps.isEmpty, "a provider without name or steps")
    let source = Plant.spoils ? provider.source + "\n}" : provider.source
    Harness.check((try? Provider.read(source))?.steps.map(\.name) == provider.steps.map(\.name), "a provider is another when it is read again")
    for step in provider.steps {
        _ = try? provider.preview(step, values: [:])
        for kind in step.gives {
            let route = provider.route(to: kind, available: step.needs, parameters: [:], avoiding: [], allowsLogin: true)
            Harness.check(route.map { $0.count <= provider.steps.count } ?? true, "a way goes in a circle")
        }
    }
}

private let sent = "sent-token-0123456789"

/// No answer makes more of itself than the rules allow, and what was sent is in no text for people.
private func checkAnswer(_ input: inout InputReader) {
    let provider = Provider.builtIn[Int(input.byte()) % Provider.builtIn.count]
    let step = provider.steps[Int(input.byte()) % provider.steps.count]
    let status = Int(input.number()) % 700
    let types = ["application/json", "text/html", "application/json; charset=utf-16", ""]
    let type = types[Int(input.byte()) % types.count]
    let body = input.rest()
    var values: [String: SecretBuffer] = [:]
    for name in step.needs { values[name] = SecretBuffer(Array(sent.utf8)) }
    for parameter in provider.parameters where parameter.kind == .url { values[parameter.name] = SecretBuffer(Array("https://upstream.example".utf8)) }
    guard let call = try? provider.prepare(step, values: values) else { return }
    let now: UInt64 = 1_700_000_000_000
    let answer = UpstreamAnswer(
        status: status, headers: [("Content-Type", type), ("Retry-After", String(decoding: body.prefix(12), as: UTF8.self))],
        body: SecretBuffer(body))
    let result = call.judge(answer, now: now)
    Harness.check(result.wasSent && result.status == status, "an answer came to a call that was not sent")
    Harness.check(result.reason.utf8.count <= 200, "a reason is longer than 200 bytes")
    let texts = result.reason + "\n" + result.errorCode + "\n" + result.errorMessage
    Harness.check(!texts.utf8.contains(sent.utf8), "what was sent is in a text for people")
    Harness.check(result.expiries.values.allSatisfy { $0 <= now + 400_000_000_000 }, "a token lives for ever")
    if case .limited(let wait?) = result.verdict {
        Harness.check((1_000...86_400_000).contains(wait), "a wait is out of its range")
    }
}

extension String.UTF8View {
    fileprivate func contains(_ part: String.UTF8View) -> Bool { Array(self).firstRange(of: Array(part)) != nil }
}
