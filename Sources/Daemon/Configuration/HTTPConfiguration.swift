/// The `http` section of the configuration file, as it was written and checked line by line (decisions 21). Everything in it is off unless
/// it is there.
struct HTTPConfiguration: Sendable, Equatable {
    struct TLSFiles: Sendable, Equatable {
        /// Absolute paths of PEM files.
        var certificate: String
        var key: String
    }

    /// What each door has, and what stands for all of them.
    struct Listener: Sendable, Equatable {
        /// `HOST:PORT`, as given.
        var listen = ""
        /// The line of `listen` in the file, for messages.
        var line = 0
        /// `nil`: what stands above for all doors.
        var tls: TLSFiles?
        var trustedProxies: [String]?
        var hosts: [String]?
        /// Plain HTTP beyond loopback is meant.
        var insecure = false
    }

    enum Profile: String, Sendable, CaseIterable { case document, current }

    struct Group: Sendable, Equatable {
        var name: String
        var ratio: Double
        var description: String
    }

    struct NewAPI: Sendable, Equatable {
        var listener = Listener()
        var profile = Profile.document
        var requireNewApiUser = false
        var legacyStatus = false
        var models: [String] = []
        var groups: [Group] = [Group(name: "default", ratio: 1, description: "default")]
        var quotaPerUnit: Int64 = 500_000
        var price = 7.3
        var systemName = "Coffer"
        var serverAddress = ""
        var maxTokens = 1_000
        var sessionDays = 30
        var rateLimits = true
    }

    struct RAGFlow: Sendable, Equatable {
        var listener = Listener()
        var profile = Profile.document
        var legacyStatus = false
        /// Absolute path of the private key that logins are encrypted for; empty: nobody can log in by password.
        var loginKey = ""
        var registration = true
        var sessionDays = 30
        var apiKeysManageKeys = false
        var tokenLength = 32
        var version = "v0.24.0"
    }

    struct RTManage: Sendable, Equatable {
        var listener = Listener()
        var publicPrefix = "/public-api"
        var jwtExpireHours = 240
        var apiSecretIsAdmin = false
        var cors: [String] = []
        /// Empty: that of the iOS app.
        var clientID = ""
        var infoOnBatch = false
    }

    struct TokenStatusCheck: Sendable, Equatable {
        var listener = Listener()
        /// Absolute path of the folder with the token files; empty: credentials of the store are checked.
        var data = ""
        /// By the providers' short names.
        var urls: [String: String] = [:]
        var cacheMinutes = 0
        /// Seconds between two accounts, at most.
        var accountGap = 3
        /// Seconds for one check of all tokens.
        var totalSeconds = 120
    }

    struct TokensTool: Sendable, Equatable {
        struct Containers: Sendable, Equatable {
            enum Mode: String, Sendable, CaseIterable { case docker, releases }

            var mode = Mode.docker
            /// Absolute path.
            var socket = "/var/run/docker.sock"
            /// Empty: whichever the page names.
            var names: [String] = []
        }

        var listener = Listener()
        var profile = Profile.document
        /// Absolute path of the folder with the compiled page; empty: none.
        var web = ""
        var prefix = ""
        /// `nil`: off.
        var containers: Containers?
        /// `HH:MM`; empty: never.
        var regenerateAt = "02:00"
        var timeZone = "UTC"
        var sessionDays = 7
        var hotReload = true
        var queryPassword = true
        var origins: [String] = []
    }

    var tls: TLSFiles?
    var trustedProxies: [String] = []
    var hosts: [String] = []
    var health: Listener?
    var admin: Listener?
    var newapi: NewAPI?
    var ragflow: RAGFlow?
    var rtmanage: RTManage?
    var tokenstatuscheck: TokenStatusCheck?
    var tokenstool: TokensTool?

    /// Whether anything listens.
    var isEmpty: Bool {
        health == nil && admin == nil && newapi == nil && ragflow == nil && rtmanage == nil && tokenstatuscheck == nil
            && tokenstool == nil
    }
}
