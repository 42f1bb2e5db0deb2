import CofferCredentials
import CofferStore
import CofferUpstream
import Logging
import Synchronization

extension TokenStatusCheckDoor {
    private static let provider = "free-api"
    private static let step = "check"

    /// - Returns: the result, and its age in seconds where it was told before.
    func check(_ provider: TokenStatusCheckProvider) async throws(TokenStatusCheckFailure) -> (report: TokenStatusReport, age: Int?) {
        if let (report, age) = kept(provider) { return (report, age) }
        let result = await checks.run(provider) { [self] in await checked(provider) }
        return (try result.get(), nil)
    }

    private func kept(_ provider: TokenStatusCheckProvider) -> (TokenStatusReport, Int)? {
        let lifetime = UInt64(max(settings.cacheMinutes, 0)) * 60_000
        let now = clock()
        return results.withLock { results in
            guard let kept = results[provider], kept.time <= now, now - kept.time < lifetime else { return nil }
            return (kept.report, Int((now - kept.time) / 1_000))
        }
    }

    private func checked(_ provider: TokenStatusCheckProvider) async -> Result<TokenStatusReport, TokenStatusCheckFailure> {
        do throws(TokenStatusCheckFailure) {
            let verdicts = files.isUsed ? try await checkFile(provider) : try await checkCredentials(provider)
            let report = TokenStatusReport(verdicts)
            logger.info("tokens checked", metadata: [
                "door": "tokenstatuscheck", "provider": "\(provider.rawValue)", "tokens": "\(report.total)", "alive": "\(report.valid)",
                "dead": "\(report.invalidPositions.count)", "unknown": "\(report.unknownPositions.count)",
            ])
            guard !report.isBlind else { throw .upstream }
            if settings.cacheMinutes > 0 { results.withLock { $0[provider] = (report, clock()) } }
            return .success(report)
        } catch {
            return .failure(error)
        }
    }

    private func verdicts(_ count: Int, _ ask: @escaping @Sendable (Int) async -> TokenVerdict) async -> [TokenVerdict] {
        await VerdictBoard.verdicts(count: count, atOnce: TokenStatusCheckBounds.atOnce, seconds: settings.totalSeconds, ask: ask)
    }

    private static let notConfigured = TokenStatusCheckFailure(503, "provider_not_configured")

    // MARK: Tokens of a file

    /// A token that stands twice is asked about once, and counts twice.
    private func checkFile(_ provider: TokenStatusCheckProvider) async throws(TokenStatusCheckFailure) -> [TokenVerdict] {
        guard let url = settings.urls[provider.rawValue] else { throw Self.notConfigured }
        let files = files
        let tokens = try await DiskWork.run { () throws(TokenStatusCheckFailure) in TokenLines.tokens(try files.read(provider.file)) }
        var places: [[UInt8]: Int] = [:]
        var distinct: [SecretBuffer] = []
        var indices: [Int] = []
        for token in tokens {
            let digest = sessions.digest([token])
            if let place = places[digest] {
                indices.append(place)
            } else {
                places[digest] = distinct.count
                indices.append(distinct.count)
                distinct.append(token)
            }
        }
        let asked = distinct
        let credentials = credentials
        let address = SecretBuffer(Array(url.utf8))
        let found = await verdicts(asked.count) { index in
            guard asked[index].count <= TokenStatusCheckBounds.token else { return .unknown }
            let answer = try? await credentials.call(Self.provider, step: Self.step, values: ["url": address, "access": asked[index]])
            return answer.map { TokenVerdict($0.verdict) } ?? .unknown
        }
        return indices.map { found[$0] }
    }

    // MARK: Tokens of the store

    /// Credentials of this provider that have the short name as a tag, as an import gives it, in the order in which they were made. The
    /// disabled are not in the queue.
    private func checkCredentials(_ provider: TokenStatusCheckProvider) async throws(TokenStatusCheckFailure) -> [TokenVerdict] {
        let queue = credentials.credentials.list(tenant: .main) { credential in
            credential.provider == Self.provider && credential.isEnabled && credential.tags.contains(provider.rawValue)
        }
        let url = settings.urls[provider.rawValue]
        guard url != nil || (!queue.isEmpty && queue.allSatisfy { $0.parameters["url"] != nil }) else { throw Self.notConfigured }
        let tokens = credentials.tokens
        return await verdicts(queue.count) { index in
            let credential = queue[index]
            if credential.parameters["url"] != nil {
                let report = try? await tokens.check(credential.number, by: Self.principal)
                return report.map { TokenVerdict($0.verdict) } ?? .unknown
            }
            let values = ["url": SecretBuffer(Array((url ?? "").utf8))]
            let answer = try? await tokens.perform(credential.number, step: Self.step, values: values, by: Self.principal)
            return answer.map { TokenVerdict($0.verdict) } ?? .unknown
        }
    }
}

extension TokenVerdict {
    init(_ verdict: StepVerdict) {
        switch verdict {
        case .ok: self = .valid
        case .dead: self = .invalid
        case .limited, .needsPerson, .down: self = .unknown
        }
    }

    /// The first definite verdict counts here: what becomes of the credential is not this door's business (decisions 16).
    init(_ verdict: CheckReport.Verdict) {
        switch verdict {
        case .live: self = .valid
        case .dead, .suspect: self = .invalid
        case .unknown: self = .unknown
        }
    }
}
