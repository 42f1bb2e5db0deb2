import CCurl
import CofferStore
import Glibc

/// One call on its way. Touched by the transport's thread only.
final class CurlTransfer {
    let call: PreparedCall
    let completion: @Sendable (StepResult) -> Void
    private let options: CurlOptions
    /// nil: libcurl has no memory for it.
    private(set) var handle: UnsafeMutableRawPointer?
    private var headerList: UnsafeMutablePointer<curl_slist>?

    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private let body = WipedBytes(capacity: 4_096)
    /// The request's first byte is about to leave, or has left.
    private var wasSent = false
    private var isAddressRefused = false
    private var isTooLong = false

    init(_ call: PreparedCall, _ options: CurlOptions, _ completion: @escaping @Sendable (StepResult) -> Void) {
        self.call = call
        self.options = options
        self.completion = completion
    }

    /// Makes the handle. It points back here until ``release()``.
    /// - Returns: whether all options were taken.
    func open() -> Bool {
        guard let handle = curl_easy_init() else { return false }
        self.handle = handle
        var setup = CurlSetup(handle: handle)
        setup.apply(call, options)
        headerList = setup.headers(call)
        setup.check(coffer_curl_set_list(handle, CURLOPT_HTTPHEADER, headerList))
        let this = Unmanaged.passUnretained(self).toOpaque()
        setup.check(coffer_curl_set_data(handle, CURLOPT_WRITEFUNCTION, CurlCallbacks.body))
        setup.check(coffer_curl_set_pointer(handle, CURLOPT_WRITEDATA, this))
        setup.check(coffer_curl_set_data(handle, CURLOPT_HEADERFUNCTION, CurlCallbacks.header))
        setup.check(coffer_curl_set_pointer(handle, CURLOPT_HEADERDATA, this))
        setup.check(coffer_curl_set_socket(handle, CURLOPT_OPENSOCKETFUNCTION, CurlCallbacks.openSocket))
        setup.check(coffer_curl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, this))
        setup.check(coffer_curl_set_request(handle, CURLOPT_PREREQFUNCTION, CurlCallbacks.beforeRequest))
        setup.check(coffer_curl_set_pointer(handle, CURLOPT_PREREQDATA, this))
        return setup.isComplete && headerList != nil
    }

    /// After the handle has left the multi handle.
    func release() {
        if let handle { curl_easy_cleanup(handle) }
        handle = nil
        CurlSetup.release(headerList)
        headerList = nil
    }

    /// Reports the end; `failure` nil: the exchange is complete.
    func complete(_ failure: String?) {
        var status = 0
        if let handle { _ = coffer_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status) }
        let answer = UpstreamAnswer(
            status: wasSent ? status : 0, headers: headers, body: body.count > 0 ? body.sealed() : nil, failure: failure, wasSent: wasSent)
        completion(call.judge(answer, now: options.clock()))
    }

    /// For people, without anything from the wire.
    func failure(_ code: CURLcode) -> String? {
        if isTooLong { return "the answer is longer than \(options.answerLimit) bytes, or its headers than \(options.headerLimit)" }
        if isAddressRefused, !wasSent { return "the address is not allowed" }
        var tunnel = 0
        if let handle { _ = coffer_curl_get_long(handle, CURLINFO_HTTP_CONNECTCODE, &tunnel) }
        if call.proxy != nil, !wasSent, tunnel >= 300 { return "the proxy refused (HTTP \(tunnel))" }
        switch code {
        case CURLE_OK: return nil
        case CURLE_COULDNT_RESOLVE_HOST: return "the upstream's name does not resolve"
        case CURLE_COULDNT_RESOLVE_PROXY: return "the proxy's name does not resolve"
        case CURLE_COULDNT_CONNECT: return call.proxy == nil ? "no connection to the upstream" : "no connection to the proxy"
        case CURLE_OPERATION_TIMEDOUT: return wasSent ? "no answer in time" : "no connection in time"
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE: return "the TLS certificate does not verify"
        case CURLE_SSL_CONNECT_ERROR: return "the TLS handshake failed"
        case CURLE_PROXY: return "the proxy refused"
        case CURLE_GOT_NOTHING: return "the connection was closed without an answer"
        case CURLE_PARTIAL_FILE: return "the answer broke off"
        case CURLE_BAD_CONTENT_ENCODING: return "the answer's compression is broken"
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            return wasSent ? "the connection broke" : call.proxy == nil ? "no connection to the upstream" : "the proxy refused"
        default: return String(cString: curl_easy_strerror(code))
        }
    }

    // MARK: Events

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= options.answerLimit else {
            body.append(UnsafeRawBufferPointer(rebasing: bytes.prefix(options.answerLimit - body.count)))
            isTooLong = true
            return false
        }
        body.append(bytes)
        return true
    }

    func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= options.headerLimit else {
            isTooLong = true
            return false
        }
        // Each answer begins with its status line: what an interim one (100, 103) said does not count.
        if bytes.starts(with: "HTTP/".utf8) {
            headers = []
            return true
        }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return true }
        let name = String(decoding: bytes[..<colon], as: UTF8.self)
        let value = bytes[(colon + 1)...].filter { $0 != 0x0D && $0 != 0x0A }
        headers.append((name, String(decoding: value, as: UTF8.self).trimmingBlanks()))
        return true
    }

    func willSend() { wasSent = true }

    /// The address that a name or number has led to; the proxy's where there is one (a proxy may be local).
    func mayConnect(_ address: UnsafeRawBufferPointer) -> Bool {
        let mayBeLocal = call.namesLoopback || call.proxy != nil
        if let address = IPAddress(address), call.rules.allows(address, namesLoopback: mayBeLocal) { return true }
        isAddressRefused = true
        return false
    }
}

/// What libcurl calls; each `data` is a ``CurlTransfer``.
private enum CurlCallbacks {
    private static func transfer(_ data: UnsafeMutableRawPointer?) -> CurlTransfer? {
        data.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    static let body: coffer_curl_data = { bytes, size, count, data in
        let length = size * count
        // Zero for bytes that came tells libcurl to stop.
        return transfer(data)?.receive(UnsafeRawBufferPointer(start: bytes, count: length)) == true ? length : 0
    }

    static let header: coffer_curl_data = { bytes, size, count, data in
        let length = size * count
        return transfer(data)?.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: length)) == true ? length : 0
    }

    static let beforeRequest: coffer_curl_request = { data, _, _, _, _ in
        transfer(data)?.willSend()
        return Int32(CURL_PREREQFUNC_OK)
    }

    static let openSocket: coffer_curl_socket = { data, _, address in
        guard let transfer = transfer(data), let address else { return -1 }
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 16
        let start = UnsafeRawPointer(address) + offset
        guard transfer.mayConnect(UnsafeRawBufferPointer(start: start, count: Int(address.pointee.addrlen))) else { return -1 }
        return socket(address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
    }
}
