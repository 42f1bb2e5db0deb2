// swift-tools-version: 6.2
// The reason for each dependency stands beside it; docs/licences.md lists their licences.
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The files of the operator's page; PageFiles.swift says what each is.
let pageFiles = [
    "api.js", "apikeys.js", "app.js", "audit.js", "backups.js", "collection.js", "credential-import.js", "credentials.js",
    "dialog.js", "docs.css", "docs.html", "docs.js", "dom.js", "doors.html", "doors.js", "doors.md", "en.js", "form.js", "icon.svg", "index.html", "live.js",
    "login.js", "overview.js", "plot.js", "policies.js", "pools.js", "schedules.js", "secrets.js", "settings.js", "state.js",
    "style.css", "text.js", "zh.js",
]

let package = Package(
    name: "coffer",
    products: [
        .library(name: "CofferClient", targets: ["CofferClient"]),
        .library(name: "CofferStore", targets: ["CofferStore"]),
        .executable(name: "cofferd", targets: ["cofferd"]),
        .executable(name: "coffer", targets: ["coffer"]),
        .executable(name: "coffer-bench", targets: ["coffer-bench"]),
        .executable(name: "coffer-bench-client", targets: ["coffer-bench-client"]),
        .executable(name: "coffer-example-client", targets: ["coffer-example-client"]),
        .executable(name: "coffer-example-embedded", targets: ["coffer-example-embedded"]),
    ],
    dependencies: [
        // Help, checked arguments and completion scripts of both commands.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // The revision that loops, writer and list worker compare without a lock.
        .package(url: "https://github.com/apple/swift-atomics", from: "1.3.0"),
        // One precedence for file, environment and flags.
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        // Opens AES-256-GCM records, by its BoringSSL, on every machine (formats.md 10); digests of backups.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // The HTTP doors: the ecosystem's server, with TLS.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: ["FullFoundation"]),
        // Login tokens of new-api's newest generation.
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        // Below Hummingbird: what stands before its HTTP decoder is a handler of ours.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // The ecosystem's logging interface.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Signals, orderly start and stop.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // YAML with line numbers: configuration, policies, imports.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        // Databases of older systems, read by import.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        // epoll, peer identity and a few other calls that Glibc's Swift module does not export.
        .target(name: "CLinux"),
        // Wipes what the daemon frees.
        .target(name: "CWipe"),
        .target(name: "CofferWire", path: "Sources/Wire", swiftSettings: settings),
        .target(
            name: "CofferStore",
            dependencies: [
                "CLMDB", "CSodium", "CLinux",
                .product(name: "Atomics", package: "swift-atomics"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/Store",
            swiftSettings: settings
        ),
        // The age v1 file format (age-encryption.org/v1), which backups are in. Own code: libsodium has all of its primitives, and no
        // Swift package speaks it.
        .target(name: "CofferAge", dependencies: ["CSodium"], path: "Sources/Age", swiftSettings: settings),
        // Who did what: a sealed, chained log beside the store.
        .target(
            name: "CofferAudit",
            dependencies: ["CofferStore", "CLinux", "CSodium", .product(name: "Atomics", package: "swift-atomics")],
            path: "Sources/Audit",
            swiftSettings: settings
        ),
        // Tenants, users, access tokens and the API keys that Coffer issues: what they are and the rules they obey.
        .target(
            name: "CofferAccounts",
            dependencies: ["CofferStore", "CSodium", .product(name: "Atomics", package: "swift-atomics")],
            path: "Sources/Accounts",
            swiftSettings: settings
        ),
        // JSON as HTTP APIs of all kinds speak it: exact numbers, order and duplicates kept.
        .target(name: "CofferJSON", path: "Sources/JSON", swiftSettings: settings),
        // Providers (descriptions of upstreams, as data) and the calls to them.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(
            name: "CofferUpstream",
            dependencies: ["CCurl", "CofferJSON", "CofferStore", .product(name: "Yams", package: "Yams")],
            path: "Sources/Upstream",
            swiftSettings: settings
        ),
        // Credentials, pools, schedules and sinks: what they are, and the rules that keep their tokens alive.
        .target(
            name: "CofferCredentials",
            dependencies: [
                "CofferStore", "CofferAccounts", "CofferUpstream", "CofferJSON", "CLinux", "CSodium",
                .product(name: "Atomics", package: "swift-atomics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Credentials",
            swiftSettings: settings
        ),
        // How records are called and shown: the command line and our own HTTP API have it from here.
        .target(name: "CofferRecords", dependencies: ["CofferWire"], path: "Sources/Records", swiftSettings: settings),
        // The operator's page, inside of the program.
        .target(name: "CofferPage", path: "Sources/Page", resources: pageFiles.map { .embedInCode($0) }, swiftSettings: settings),
        // Our own HTTP API: a client of the protocol that finds out who calls, and speaks JSON.
        .target(
            name: "CofferAdmin",
            dependencies: [
                "CofferAccounts", "CofferAge", "CofferClient", "CofferCredentials", "CofferFormats", "CofferHTTP", "CofferJSON", "CofferPage",
                "CofferRecords", "CofferStore", "CofferWire", "CSodium",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Sources/Admin",
            swiftSettings: settings
        ),
        // The HTTP server and its doors, a folder for each API.
        .target(
            name: "CofferHTTP",
            dependencies: [
                "CofferAccounts", "CofferCredentials", "CofferJSON", "CofferUpstream", "CSodium",
                .product(name: "Atomics", package: "swift-atomics"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/HTTP",
            swiftSettings: settings
        ),
        .target(
            name: "CofferDaemon",
            dependencies: [
                "CofferWire", "CofferStore", "CofferAge", "CofferAccounts", "CofferAudit", "CofferCredentials", "CofferUpstream", "CofferHTTP", "CofferAdmin",
                "CLinux", "CSodium",
                .product(name: "Atomics", package: "swift-atomics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Yams", package: "Yams"),
            ],
            path: "Sources/Daemon",
            swiftSettings: settings
        ),
        .target(
            name: "CofferClient",
            dependencies: ["CofferWire", "CLinux"],
            path: "Sources/Client",
            swiftSettings: settings
        ),
        // The protocol over HTTP, for clients on other machines. TLS is libcurl's.
        .target(name: "CofferTunnel", dependencies: ["CCurl", "CLinux", "CofferClient"], path: "Sources/Tunnel", swiftSettings: settings),
        .executableTarget(
            name: "cofferd",
            dependencies: [
                "CofferDaemon", "CofferHTTP", "CofferStore", "CWipe",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/cofferd",
            swiftSettings: settings
        ),
        // The readers and writers of import and export; apart from the command so that tests can reach them.
        .target(
            name: "CofferFormats",
            dependencies: ["CSQLite", "CSodium", .product(name: "Yams", package: "Yams")],
            path: "Sources/Formats",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "coffer",
            dependencies: [
                // CofferDaemon: what it could not read again is not restored for it.
                "CofferAge", "CofferAudit", "CofferClient", "CofferDaemon", "CofferFormats", "CofferRecords", "CofferStore", "CofferTunnel", "CofferUpstream", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            path: "Sources/CLI",
            // Without MemberImportVisibility: below CofferDaemon lies Foundation, whose C module claims `struct stat` for itself.
            swiftSettings: [.enableUpcomingFeature("ExistentialAny")]
        ),
        .executableTarget(
            name: "coffer-bench",
            dependencies: [
                "CofferWire", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/LoadGenerator",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "coffer-bench-client",
            dependencies: ["CofferClient", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Benchmarks/ClientLibrary",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "coffer-example-client", dependencies: ["CofferClient"], path: "Examples/client", swiftSettings: settings),
        .executableTarget(
            name: "coffer-example-embedded", dependencies: ["CofferStore"], path: "Examples/embedded", swiftSettings: settings),
        .testTarget(name: "WireTests", dependencies: ["CofferWire"], swiftSettings: settings),
        .testTarget(name: "AgeTests", dependencies: ["CofferAge", "CSodium"], swiftSettings: settings),
        .testTarget(name: "StoreTests", dependencies: ["CofferStore"], swiftSettings: settings),
        // Each layout of a backup against the documents that are really written.
        .testTarget(
            name: "BackupTests",
            dependencies: ["CofferStore", "CofferAccounts", "CofferCredentials", "CofferUpstream", "CofferDaemon"], swiftSettings: settings),
        .testTarget(name: "AuditTests", dependencies: ["CofferAudit", "CofferStore"], swiftSettings: settings),
        .testTarget(name: "AccountsTests", dependencies: ["CofferAccounts", "CofferStore"], swiftSettings: settings),
        .testTarget(name: "UpstreamTests", dependencies: ["CofferUpstream", "CofferJSON", "CofferStore"], swiftSettings: settings),
        .testTarget(
            name: "CredentialsTests",
            dependencies: ["CofferCredentials", "CofferUpstream", "CofferAccounts", "CofferJSON", "CofferStore"], swiftSettings: settings),
        .testTarget(
            name: "HTTPTests",
            dependencies: [
                "CofferHTTP", "CofferAccounts", "CofferCredentials", "CofferJSON", "CofferStore", "CofferUpstream",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "CofferDaemon", "CofferAudit", "CofferClient", "CofferStore", "CofferWire", "CLinux",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "ClientTests", dependencies: ["CofferClient"], swiftSettings: settings),
        .testTarget(name: "FormatsTests", dependencies: ["CofferFormats"], swiftSettings: settings),
    ]
)

// The fuzzing harnesses (Tests/Fuzz, `make fuzz`) are in the package only when scripts/fuzz.sh builds it.
if Context.environment["COFFER_FUZZ"] == "1" {
    // libFuzzer is led by these counters; `-sanitize=fuzzer` of swiftc alone gives only those that it no longer reads.
    let counters: [SwiftSetting] = [.unsafeFlags(["-sanitize-coverage=edge,trace-cmp,inline-8bit-counters,pc-table"])]
    for target in package.targets where target.type == .regular && target.name.hasPrefix("Coffer") {
        target.swiftSettings = settings + counters
    }
    package.targets.append(.target(name: "FuzzSupport", path: "Tests/Fuzz/Support", swiftSettings: settings + counters))
    let harnesses: [String: [Target.Dependency]] = [
        "age": ["CofferAge"],
        "wire-requests": ["CofferWire"],
        "http-head": [
            "CofferHTTP", "CofferAccounts",
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOEmbedded", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
        ],
        "http-json": ["CofferHTTP", "CofferAccounts", "CofferJSON"],
        "tokens": [
            "CofferHTTP", "CofferAccounts", "CofferStore",
            .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "CryptoExtras", package: "swift-crypto"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
        ],
        "imports": ["CofferFormats"],
        "upstream": ["CofferUpstream", "CofferStore"],
        "backup-lines": ["CofferStore"],
        "daemon": ["CofferDaemon", "CofferStore", "CofferWire"],
    ]
    for (name, dependencies) in harnesses.sorted(by: { $0.key < $1.key }) {
        package.targets.append(
            .executableTarget(
                name: "fuzz-\(name)", dependencies: ["FuzzSupport"] + dependencies, path: "Tests/Fuzz/\(name)",
                swiftSettings: settings + counters))
    }
}
