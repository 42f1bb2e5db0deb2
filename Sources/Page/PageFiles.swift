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
    private static func text(_ name: String, _ bytes: [UInt8]) -> File { File(name: name, type: "text/markdown; charset=utf-8", bytes: bytes) }
    private static func image(_ name: String, _ bytes: [UInt8]) -> File { File(name: name, type: "image/svg+xml", bytes: bytes) }
    private static func style(_ name: String, _ bytes: [UInt8]) -> File { File(name: name, type: "text/css; charset=utf-8", bytes: bytes) }
    private static func script(_ name: String, _ bytes: [UInt8]) -> File { File(name: name, type: "text/javascript; charset=utf-8", bytes: bytes) }

    public static let all: [File] = [
        script("api.js", PackageResources.api_js),
        script("apikeys.js", PackageResources.apikeys_js),
        script("app.js", PackageResources.app_js),
        script("audit.js", PackageResources.audit_js),
        script("backups.js", PackageResources.backups_js),
        script("collection.js", PackageResources.collection_js),
        script("credential-import.js", PackageResources.credential_import_js),
        script("credentials.js", PackageResources.credentials_js),
        script("dialog.js", PackageResources.dialog_js),
        style("docs.css", PackageResources.docs_css),
        page("docs.html", PackageResources.docs_html),
        script("docs.js", PackageResources.docs_js),
        page("doors.html", PackageResources.doors_html),
        script("doors.js", PackageResources.doors_js),
        text("doors.md", PackageResources.doors_md),
        script("dom.js", PackageResources.dom_js),
        script("en.js", PackageResources.en_js),
        script("form.js", PackageResources.form_js),
        image("icon.svg", PackageResources.icon_svg),
        page("index.html", PackageResources.index_html),
        script("live.js", PackageResources.live_js),
        script("login.js", PackageResources.login_js),
        script("overview.js", PackageResources.overview_js),
        script("plot.js", PackageResources.plot_js),
        script("policies.js", PackageResources.policies_js),
        script("pools.js", PackageResources.pools_js),
        script("schedules.js", PackageResources.schedules_js),
        script("secrets.js", PackageResources.secrets_js),
        script("settings.js", PackageResources.settings_js),
        script("state.js", PackageResources.state_js),
        style("style.css", PackageResources.style_css),
        script("text.js", PackageResources.text_js),
        script("zh.js", PackageResources.zh_js),
    ]
}
