import CofferUpstream
import Glibc
import Testing

/// A credential's own proxy: used, or an error; never a direct connection.
@Suite struct ProxyTests {
    private let transport: CurlTransport
    private let upstream: TestServer

    init() throws {
        transport = try CurlTransport()
        upstream = try TestServer.json(#"{"access_token":"A"}"#)
    }

    private func send(_ proxy: String, url: String? = nil) async throws -> StepResult {
        let lines = """
            url: "{url}"
            timeout: 5000
            consumes: refresh
            form: { refresh_token: "{refresh}" }
            take: { access: /access_token }
            rules:
              - { when: { status: [400, 401, 403, 407] }, verdict: dead }
            """
        return await transport.send(try Samples.call(lines, ["url": url ?? upstream.url, "refresh": "the-refresh-token"], proxy: proxy))
    }

    @Test func httpProxyByTunnel() async throws {
        let proxy = try TestProxy(.connect)
        let result = try await send("http://user:p%40ss@127.0.0.1:\(proxy.server.port)")
        #expect(result.verdict == .ok)
        let request = try #require(proxy.server.requests.first)
        #expect(request.method == "CONNECT")
        #expect(request.target == "127.0.0.1:\(upstream.port)")
        // user:p@ss
        #expect(request.header("proxy-authorization") == "Basic dXNlcjpwQHNz")
        // The upstream sees nothing of the proxy's login, the proxy nothing of the request.
        #expect(upstream.requests.first?.header("proxy-authorization") == nil)
        #expect(upstream.requests.first?.body == "refresh_token=the-refresh-token")
        #expect(proxy.server.requests.count == 1)
    }

    @Test func socksResolvesAtTheProxy() async throws {
        let proxy = try TestProxy(.socks(user: nil))
        let result = try await send("socks5://127.0.0.1:\(proxy.server.port)", url: "http://upstream.invalid:\(upstream.port)/")
        #expect(result.verdict == .ok)
        #expect(proxy.server.requests.first?.target == "name upstream.invalid")
    }

    @Test func socksWithPassword() async throws {
        let proxy = try TestProxy(.socks(user: "me:se cret"))
        #expect(try await send("socks5://me:se%20cret@127.0.0.1:\(proxy.server.port)").verdict == .ok)
        let result = try await send("socks5://me:wrong@127.0.0.1:\(proxy.server.port)")
        #expect(result.verdict == .down)
        #expect(!result.wasSent)
        #expect(upstream.requests.count == 1)
    }

    /// A proxy's own answer is not the upstream's verdict, whatever it says.
    @Test(arguments: [400, 401, 403, 407, 429, 502])
    func refusalIsNoVerdict(_ status: Int) async throws {
        let proxy = try TestProxy(.refuse(status))
        let result = try await send("http://127.0.0.1:\(proxy.server.port)")
        #expect(result.verdict == .down)
        #expect(!result.wasSent)
        #expect(result.isUnused)
        #expect(result.status == 0)
        #expect(result.reason == "the proxy refused (HTTP \(status))")
        #expect(upstream.connectionCount == 0)
    }

    @Test(arguments: ["http", "https", "socks5"])
    func proxyThatIsDown(_ scheme: String) async throws {
        let proxy = try TestProxy(.closes)
        proxy.server.stop()
        let result = try await send("\(scheme)://127.0.0.1:\(proxy.server.port)")
        #expect(result.verdict == .down)
        #expect(!result.wasSent)
        #expect(upstream.connectionCount == 0)
    }

    @Test(arguments: ["http", "https", "socks5"])
    func proxyThatCloses(_ scheme: String) async throws {
        let proxy = try TestProxy(.closes)
        let result = try await send("\(scheme)://127.0.0.1:\(proxy.server.port)")
        #expect(result.verdict == .down)
        #expect(!result.wasSent)
        #expect(upstream.connectionCount == 0)
    }

    /// In a process of its own: the environment is everybody's.
    @Test func environmentDoesNotCount() async {
        await #expect(processExitsWith: .success) {
            let upstream = try TestServer.json(#"{"access_token":"A"}"#)
            let proxy = try TestProxy(.connect)
            let address = "http://127.0.0.1:\(proxy.server.port)"
            for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] { setenv(name, address, 1) }
            let transport = try CurlTransport()
            #expect(await transport.send(try Samples.call("url: \"{url}\"", ["url": upstream.url])).verdict == .ok)
            #expect(proxy.server.connectionCount == 0)
            // Nor does no_proxy lead around a credential's own.
            setenv("no_proxy", "*", 1)
            #expect(await transport.send(try Samples.call("url: \"{url}\"", ["url": upstream.url], proxy: address)).verdict == .ok)
            #expect(proxy.server.connectionCount == 1)
        }
    }
}
