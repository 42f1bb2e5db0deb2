import CCurl
import CofferStore
import Glibc

/// Sets a handle's options; one that libcurl does not take makes the whole setup incomplete, and nothing is sent.
struct CurlSetup {
    let handle: UnsafeMutableRawPointer
    private(set) var isComplete = true

    init(handle: UnsafeMutableRawPointer) { self.handle = handle }

    mutating func check(_ code: CURLcode) { if code != CURLE_OK { isComplete = false } }

    private mutating func set(_ option: CURLoption, _ value: Int) { check(coffer_curl_set_long(handle, option, value)) }

    private mutating func set(_ option: CURLoption, _ text: String) { check(coffer_curl_set_text(handle, option, text)) }

    /// libcurl copies the text.
    private mutating func set(_ option: CURLoption, _ secret: SecretBuffer) {
        let text = WipedBytes(capacity: secret.count + 1)
        text.append(secret.bytes)
        text.append(0)
        check(coffer_curl_set_text(handle, option, text.bytes.bindMemory(to: CChar.self).baseAddress))
        withExtendedLifetime(text) {}
    }

    mutating func apply(_ call: PreparedCall, _ options: CurlOptions) {
        set(CURLOPT_URL, call.url)
        // As it was rendered: libcurl would otherwise resolve `..`.
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_NETRC, 0)
        set(CURLOPT_USERAGENT, options.userAgent)
        set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate")
        set(CURLOPT_TIMEOUT_MS, Int(call.step.timeout))
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(min(options.connectTimeout, call.step.timeout)))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let authorities = options.authorities {
            set(CURLOPT_CAINFO, authorities)
            set(CURLOPT_PROXY_CAINFO, authorities)
        }
        // On a kept connection that turns out dead libcurl sends the request again by itself: a second dial.
        if call.replay != .safe { set(CURLOPT_FRESH_CONNECT, 1) }
        method(call)
        proxy(call.proxy)
    }

    private mutating func method(_ call: PreparedCall) {
        let hasBody = call.body != nil || ["POST", "PUT", "PATCH"].contains(call.method)
        guard hasBody else {
            set(CURLOPT_HTTPGET, 1)
            if call.method != "GET" { set(CURLOPT_CUSTOMREQUEST, call.method) }
            return
        }
        set(CURLOPT_POST, 1)
        // Not copied: the call holds the bytes as long as the transfer lives.
        check(coffer_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(call.body?.count ?? 0)))
        if let body = call.body, body.count > 0 {
            check(coffer_curl_set_bytes(handle, CURLOPT_POSTFIELDS, body.bytes.baseAddress))
        } else {
            check(coffer_curl_set_text(handle, CURLOPT_COPYPOSTFIELDS, ""))
        }
        if call.method != "POST" { set(CURLOPT_CUSTOMREQUEST, call.method) }
    }

    /// The environment's proxies never count. Through an HTTP proxy everything goes in a tunnel, http too: a proxy's own
    /// answer (403, 407) must not pass for the upstream's verdict on a token.
    private mutating func proxy(_ proxy: SecretBuffer?) {
        guard let proxy else {
            set(CURLOPT_PROXY, "")
            set(CURLOPT_NOPROXY, "*")
            return
        }
        set(CURLOPT_PROXY, proxy)
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_HTTPPROXYTUNNEL, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_PROXY_SSL_VERIFYPEER, 1)
        set(CURLOPT_PROXY_SSL_VERIFYHOST, 2)
    }

    /// The list of header lines; nil: no memory.
    func headers(_ call: PreparedCall) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        var lines = call.headers
        lines.append(SecretBuffer(Array("Expect:".utf8)))
        // Without a body there is no type; libcurl would name one for any POST.
        if call.body == nil { lines.append(SecretBuffer(Array("Content-Type:".utf8))) }
        for line in lines {
            let text = WipedBytes(capacity: line.count + 1)
            text.append(line.bytes)
            text.append(0)
            guard let start = text.bytes.bindMemory(to: CChar.self).baseAddress, let longer = curl_slist_append(list, start) else {
                Self.release(list)
                return nil
            }
            list = longer
            withExtendedLifetime(text) {}
        }
        return list
    }

    /// Wipes the lines, some of which are secrets, before they are freed.
    static func release(_ list: UnsafeMutablePointer<curl_slist>?) {
        var entry = list
        while let current = entry {
            if let text = current.pointee.data { explicit_bzero(text, strlen(text)) }
            entry = current.pointee.next
        }
        curl_slist_free_all(list)
    }
}
