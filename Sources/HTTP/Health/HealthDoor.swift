/// `/health` for load balancers and people, `/metrics` for Prometheus.
struct HealthDoor: HTTPDoor {
    let id = "health"
    let claims: [PathClaim] = [.exact("/health"), .exact("/metrics")]
    let source: any HealthSource
    let meters: HTTPMeters

    func route(method: String, path: String) -> HTTPRoute { HTTPRoute("\(method) \(PathClaim.stem(path))", isRead: true) }

    func answer(_ call: HTTPCall) async -> HTTPReply {
        let path = PathClaim.stem(call.path)
        guard call.method == "GET" else {
            var reply = HTTPReply.text(405, "405 method not allowed\n", route: "\(path)")
            reply.headers.append(("Allow", "GET, HEAD"))
            return reply
        }
        return path == "/health" ? await health() : await metrics()
    }

    private func health() async -> HTTPReply {
        let dependencies = await source.health()
        let lines = dependencies.map { name, problem in
            problem.map { "\(name) failing: \($0.split(whereSeparator: \.isNewline).joined(separator: " "))\n" } ?? "\(name) ok\n"
        }
        let works = dependencies.allSatisfy { $0.problem == nil }
        return .text(works ? 200 : 503, lines.joined(), route: "GET /health")
    }

    private func metrics() async -> HTTPReply {
        var text = PrometheusText()
        for metric in await source.metrics() { text.add(metric) }
        meters.write(to: &text)
        return HTTPReply(
            status: 200, headers: [("Content-Type", PrometheusText.contentType)], body: Array(text.text.utf8), route: "GET /metrics")
    }

    func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        .text(refusal.status, refusal.message + "\n", route: "refused")
    }
}
