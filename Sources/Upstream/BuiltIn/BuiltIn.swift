extension Provider {
    /// oauth2, openai, pandora, free-api, deepseek, one-api.
    public static let builtIn: [Provider] = []
}
