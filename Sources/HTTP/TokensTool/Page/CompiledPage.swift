import Glibc

/// The compiled page of a legacy system, from a folder: files only, nothing hidden, nothing outside (decisions 18).
struct CompiledPage: Sendable {
    /// Bytes of one file.
    static let maximumFile = 32 << 20
    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "json": "application/json", "map": "application/json", "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg",
        "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "ico": "image/x-icon", "woff": "font/woff", "woff2": "font/woff2",
        "ttf": "font/ttf", "txt": "text/plain; charset=utf-8",
    ]

    /// Absolute.
    let folder: String

    /// - Parameters:
    ///   - path: raw, beginning with `/`.
    ///   - origins: what the page may call beside its own.
    /// - Returns: `nil`: there is no such file.
    func reply(_ path: String, connects origins: [String]) async -> HTTPReply? {
        guard let parts = Self.parts(path) else { return nil }
        let folder = folder
        guard let bytes = await DiskWork.run({ () throws(Never) in Self.read(folder, parts) }), let name = parts.last else { return nil }
        let type = name.split(separator: ".").last.flatMap { Self.types[$0.lowercased()] } ?? "application/octet-stream"
        return HTTPReply(
            status: 200, headers: [("Content-Type", type)] + Self.security(origins), body: bytes, route: "page")
    }

    /// One name without an ending: no file, but what the page itself calls one of its views.
    static func isView(_ path: String) -> Bool {
        guard let parts = parts(path), parts.count == 1 else { return false }
        return !parts[0].contains(".")
    }

    /// The path's names; `nil` where one of them could lead elsewhere or is hidden. Percent-encoding is taken off once, before the look.
    static func parts(_ path: String) -> [String]? {
        if path == "/" { return ["index.html"] }
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
            QueryText.decoded($0.utf8, plusIsBlank: false)
        }
        guard (1...16).contains(parts.count) else { return nil }
        for part in parts {
            guard !part.isEmpty, !part.hasPrefix("."), part.utf8.count <= 255,
                !part.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 == 0x7F })
            else { return nil }
        }
        return parts
    }

    /// Opened from folder to folder, none of which may be a link: what is checked is what is read.
    private static func read(_ folder: String, _ parts: [String]) -> [UInt8]? {
        var current = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard current >= 0 else { return nil }
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            let next = openat(current, part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (isLast ? 0 : O_DIRECTORY))
            close(current)
            guard next >= 0 else { return nil }
            current = next
        }
        defer { close(current) }
        var facts = stat()
        guard fstat(current, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= maximumFile else { return nil }
        return readAll(current, count: Int(facts.st_size))
    }

    private static func readAll(_ file: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress?.advanced(by: filled), count - filled) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            filled += got
        }
        return bytes
    }

    /// What a page of this kind needs and no more: its own scripts, styles that its framework writes into elements.
    private static func security(_ origins: [String]) -> [(name: String, value: String)] {
        let connects = (["'self'"] + origins).joined(separator: " ")
        return [
            (
                "Content-Security-Policy",
                "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
                    + "font-src 'self' data:; connect-src \(connects); object-src 'none'; base-uri 'self'; form-action 'self'; "
                    + "frame-ancestors 'none'"
            ),
            ("X-Frame-Options", "DENY"),
        ]
    }

    /// `https://host:port` of a URL; `nil` where it is none that could stand in a header.
    static func origin(of url: String) -> String? {
        guard UpstreamURLCheck.isValid(url), let slashes = url.firstRange(of: "://") else { return nil }
        let host = url[slashes.upperBound...].prefix { $0 != "/" && $0 != "?" }
        let isPlain = host.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || ".-:[]".utf8.contains(byte)
        }
        return isPlain ? String(url[..<slashes.upperBound] + host) : nil
    }

    /// Where no page is configured.
    static let absent: HTTPReply = {
        let text = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Coffer</title></head><body>"
            + "<p>This is the TokensTool API of a Coffer daemon. Its own page is not configured: set <code>web</code> in "
            + "<code>http.tokenstool</code> to the folder with the compiled page. Tokens and pools are also managed with "
            + "<code>coffer credential</code> and <code>coffer pool</code>.</p></body></html>\n"
        return HTTPReply(
            status: 200,
            headers: [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", "default-src 'none'")],
            body: Array(text.utf8), route: "page")
    }()
}
