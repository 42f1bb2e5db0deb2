extension Provider {
    /// `oauth2`, `openai`, `pandora`, `free-api`, `deepseek`, `one-api`, in this order (docs/providers.md).
    ///
    /// Each is YAML like anybody's, so that `coffer provider show` can show it and a person can begin with a copy.
    public static let builtIn: [Provider] = BuiltInSource.all.compactMap { source in
        guard var provider = try? read(source) else { return nil }
        provider.isBuiltIn = true
        return provider
    }

    /// By name.
    public static func builtIn(_ name: String) -> Provider? { builtIn.first { $0.name == name } }
}

/// The YAML of the providers that come with Coffer.
enum BuiltInSource {
    static let all = [oauth2, openAI, pandora, freeAPI, deepSeek, oneAPI]
}
