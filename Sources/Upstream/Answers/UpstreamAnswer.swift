import CofferStore

/// What came back for a call, before anything is concluded from it.
public struct UpstreamAnswer: Sendable {
    /// HTTP status; 0: none came.
    public var status: Int
    /// In order; of an answer that follows another (100, 103) only the last's.
    public var headers: [(name: String, value: String)]
    /// Decompressed, up to the limit; nil: nothing.
    public var body: SecretBuffer?
    /// Why the exchange did not come to its end: short English without secrets; nil: it did.
    public var failure: String?
    /// false: provably no byte of the request left.
    public var wasSent: Bool

    public init(
        status: Int, headers: [(name: String, value: String)] = [], body: SecretBuffer? = nil, failure: String? = nil, wasSent: Bool = true
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.failure = failure
        self.wasSent = wasSent
    }

    /// The first of this name; ASCII letters of either case.
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

    /// Lower case, without parameters; "" none.
    var contentType: String {
        let type = (header("content-type") ?? "").split(separator: ";", omittingEmptySubsequences: false).first ?? ""
        return type.filter { $0 != " " && $0 != "\t" }.lowercased()
    }

    /// Lower case; nil: none is named.
    private var charset: String? {
        for part in (header("content-type") ?? "").split(separator: ";").dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\"" && $0 != "'" }.lowercased() }
            if pair.count == 2, pair[0] == "charset" { return pair[1] }
        }
        return nil
    }

    /// Whether the body may be read as UTF-8. Latin charsets are the same there as long as all is ASCII.
    var isReadable: Bool {
        switch charset {
        case nil, "utf-8", "utf8", "us-ascii", "ascii": return true
        case "iso-8859-1", "latin1", "windows-1252": return body?.bytes.allSatisfy { $0 < 0x80 } ?? true
        default: return false
        }
    }
}
