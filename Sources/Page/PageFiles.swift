/// The operator's page: its files as they are, inside of the program. No build step, nothing from elsewhere.
public enum PageFiles {
    public struct File: Sendable {
        public let name: String
        /// Of `Content-Type`.
        public let type: String
        public let bytes: [UInt8]
    }

    public static func file(_ name: String) -> File? { all.first { $0.name == name } }

    private static func page(_ name: String, _ bytes: [UInt8]) -> File { File(name: name, type: "text/html; charset=utf-8", bytes: bytes) }
    private static func style(_ name: String, _ bytes: [UInt8]) -> File { File(name: name, type: "text/css; charset=utf-8", bytes: bytes) }
    private static func script(_ name: String, _ bytes: [UInt8]) -> File { File(name: name, type: "text/javascript; charset=utf-8", bytes: bytes) }

    public static let all: [File] = [
        page("docs.html", PackageResources.docs_html), style("docs.css", PackageResources.docs_css), script("docs.js", PackageResources.docs_js),
    ]
}
