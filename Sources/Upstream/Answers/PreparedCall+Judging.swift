import CofferJSON
import CofferStore

extension PreparedCall {
    /// What an answer to this call means.
    ///
    /// A failed exchange is never a verdict, whatever the part of the answer that did arrive says. Otherwise the first rule
    /// that matches decides, the step's own before the provider's; without one a status that counts as success is ok where
    /// all fields are there, 429 and 503 with Retry-After are limited, and all else is down.
    /// - Parameter now: Unix milliseconds.
    public func judge(_ answer: UpstreamAnswer, now: UInt64) -> StepResult {
        let reading = AnswerReading(answer)
        var result = StepResult(
            verdict: .down, reason: "", wasSent: answer.wasSent, isUnused: !answer.wasSent, status: answer.status, body: answer.body)
        if let failure = answer.failure {
            result.reason = Redaction.shortened(failure, 200)
            return result
        }
        let rule = (step.answer.rules + providerRules).first { $0.conditions.allSatisfy(reading.holds) }
        let isSuccess = rule.map { $0.word == .ok } ?? step.answer.success.matches(answer.status)
        if isSuccess {
            let missing = take(reading, into: &result, now: now)
            if let missing {
                result.reason = Redaction.shortened("HTTP \(answer.status): \(missing)", 200)
            } else {
                result.verdict = .ok
                result.reason = rule?.reason ?? "HTTP \(answer.status)"
                return result
            }
        } else {
            apply(rule, reading, to: &result, now: now)
            // A rule that gives no verdict on a 2xx must not lose a rotated token either.
            if result.verdict == .down, (200...299).contains(answer.status) { _ = take(reading, into: &result, now: now) }
        }
        describeError(reading, in: &result)
        return result
    }

    private func apply(_ rule: AnswerRule?, _ reading: AnswerReading, to result: inout StepResult, now: UInt64) {
        let answer = reading.answer
        let isLimited = answer.status == 429 || (answer.status == 503 && answer.header("retry-after") != nil)
        let word = rule?.word ?? (isLimited ? .limited : .down)
        switch word {
        case .ok, .down: result.verdict = .down
        case .dead: result.verdict = .dead
        case .person: result.verdict = .needsPerson
        case .limited: result.verdict = .limited(retryAfter: retryAfter(rule?.retryAfter ?? .header, reading, now))
        }
        result.isUnused = !result.wasSent || rule?.unused ?? (word == .dead || word == .limited)
        result.reason = rule?.reason ?? Self.reason(answer.status)
    }

    private static func reason(_ status: Int) -> String {
        (300...399).contains(status) ? "HTTP \(status): redirects are not followed" : "HTTP \(status)"
    }

    private func retryAfter(_ source: AnswerRule.RetryAfter, _ reading: AnswerReading, _ now: UInt64) -> UInt64? {
        switch source {
        case .header: reading.answer.header("retry-after").flatMap { RetryAfter.read($0, now: now) }
        case .pointer(let pointer): reading.find(pointer).flatMap(TokenExpiry.number).flatMap(RetryAfter.clamped)
        case .seconds(let seconds): RetryAfter.clamped(seconds: Double(seconds))
        }
    }

    /// Takes all values that are there.
    /// - Returns: what is missing; nil: nothing.
    private func take(_ reading: AnswerReading, into result: inout StepResult, now: UInt64) -> String? {
        let answer = step.answer
        if answer.mustBeJSON, reading.json == nil { return "the answer is not JSON" }
        var missing: String?
        for rule in answer.takes {
            let shown = rule.pointers.map(\.description).joined(separator: " or ")
            let found = rule.pointers.lazy.compactMap { reading.find($0) }.filter { !$0.isNull }
            // A token is a text: a number in its place would take the place of a good one.
            let isToken = Provider.tokenKinds.contains(rule.name)
            if isToken, found.contains(where: { $0.string == nil }) {
                missing = missing ?? "the answer has no text in \(shown)"
                continue
            }
            let text = found.compactMap(AnswerReading.text).first { !$0.isEmpty } ?? ""
            if text.isEmpty {
                if !rule.isOptional { missing = missing ?? "the answer has no \(shown)" }
                continue
            }
            let value = SecretBuffer(Array(text.utf8))
            let fits = rule.lengths.contains(value.count) && (rule.prefixes.isEmpty || rule.prefixes.contains { text.hasPrefix($0) })
                && rule.contains.map { text.contains($0) } ?? true
            guard fits else {
                missing = missing ?? "\(shown) in the answer is not what it should be"
                continue
            }
            result.values[rule.name] = value
        }
        for (kind, value) in result.values where Provider.tokenKinds.contains(kind) {
            result.expiries[kind] = expiry(kind, value, reading, now)
        }
        return missing
    }

    private func expiry(_ kind: String, _ value: SecretBuffer, _ reading: AnswerReading, _ now: UInt64) -> UInt64? {
        for rule in step.answer.expiries where rule.kind == kind {
            guard let found = reading.find(rule.pointer) else { continue }
            switch rule.form {
            case .lifetime: if let time = TokenExpiry.lifetime(found, now: now) { return time }
            case .time: if let time = TokenExpiry.time(found, now: now) { return time }
            }
        }
        if let time = TokenExpiry.jwt(value.bytes, now: now) { return time }
        guard let seconds = step.answer.defaultLifetimes[kind], seconds > 0 else { return nil }
        return now + UInt64(seconds) * 1_000
    }

    private func describeError(_ reading: AnswerReading, in result: inout StepResult) {
        let hidden = sent + result.values.filter { Provider.tokenKinds.contains($0.key) }.map(\.value)
        func first(_ pointers: [JSONPointer], _ limit: Int) -> String {
            let text = pointers.lazy.compactMap { AnswerReading.text(reading.find($0)) }.first { !$0.isEmpty } ?? ""
            return Redaction.clean(text, hiding: hidden, limit: limit)
        }
        result.errorCode = first(errors.code, 64)
        result.errorMessage = first(errors.message, 512)
    }
}
