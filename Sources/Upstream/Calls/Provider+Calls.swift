import CofferStore

extension Provider {
    /// The request of a step, rendered and checked.
    /// - Parameters:
    ///   - values: tokens, login fields and parameters by name; an empty one counts as missing.
    ///   - proxy: `http://`, `https://` or `socks5://`, with user and password or without; nil or empty: a direct connection.
    /// - Throws: a value is missing, a URL is not http(s), a header would be split, an address is refused, the proxy is
    ///   unusable. No value is in the error.
    public func prepare(
        _ step: ProviderStep, values: [String: SecretBuffer], proxy: SecretBuffer? = nil, rules: AddressRules = .standard
    ) throws(ProviderError) -> PreparedCall {
        let source = try TemplateValues(self, values)
        do throws(ProviderError) {
            let request = try Renderer(step: step, values: source).render()
            let url = try UpstreamURL(Array(request.url.bytes))
            if let address = UpstreamURL.numericAddress(url.host), !rules.allows(address, namesLoopback: url.namesLoopback) {
                throw ProviderError("url", "leads to an address that is not allowed")
            }
            var proxyAddress: SecretBuffer?
            if let proxy, proxy.count > 0 { proxyAddress = try ProxyAddress.normalised(proxy, rules: rules) }
            let headers = request.headers.map { header in
                let line = WipedBytes()
                line.append("\(header.name): ")
                line.append(header.value.bytes)
                return line.sealed()
            }
            return PreparedCall(
                provider: name, step: step, replay: step.replay(source.parameterTexts), method: step.request.method,
                url: request.url.sealed(), headers: headers, body: request.body?.sealed(), proxy: proxyAddress, rules: rules,
                namesLoopback: url.namesLoopback, sent: source.used(step.names) + (proxy.map { [$0] } ?? []),
                providerRules: self.rules, errors: step.answer.errors ?? errors)
        } catch {
            throw ProviderError("\(name).\(step.name)" + (error.field.isEmpty ? "" : ".\(error.field)"), error.message)
        }
    }

    /// The same for people: tokens, passwords and secret parameters are `***` whether `values` has them or not; login fields
    /// and required parameters that are not given are shown as `<name>`.
    public func preview(_ step: ProviderStep, values: [String: String]) throws(ProviderError) -> RequestPreview {
        let source = try TemplateValues(previewing: self, values)
        let request: Renderer.Request
        do throws(ProviderError) {
            request = try Renderer(step: step, values: source, boundary: "boundary").render()
        } catch {
            throw ProviderError("\(name).\(step.name)" + (error.field.isEmpty ? "" : ".\(error.field)"), error.message)
        }
        func text(_ bytes: WipedBytes) -> String { String(decoding: bytes.bytes, as: UTF8.self) }
        return RequestPreview(
            method: step.request.method, url: text(request.url),
            headers: request.headers.map { RequestPreview.Header(name: $0.name, value: text($0.value)) },
            body: request.body.map(text))
    }
}
