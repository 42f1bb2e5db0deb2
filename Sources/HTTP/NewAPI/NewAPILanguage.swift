/// The languages of the API's messages. Without a wish it is Chinese (decisions 10).
enum NewAPILanguage: Sendable {
    case chinese
    case english

    /// What `Accept-Language` asks for most (RFC 9110 §12.5.4); of equals the first. Other languages say nothing.
    init(_ header: String?) {
        var best = (language: NewAPILanguage.chinese, quality: 0.0)
        for item in (header ?? "").split(separator: ",").prefix(32) {
            let parts = item.split(separator: ";").map { Blanks.trimmed($0).lowercased() }
            guard let tag = parts.first else { continue }
            let language: NewAPILanguage
            switch tag.split(separator: "-").first {
            case "en": language = .english
            case "zh", "*": language = .chinese
            default: continue
            }
            var quality = 1.0
            for parameter in parts.dropFirst() where parameter.hasPrefix("q=") { quality = Double(parameter.dropFirst(2)) ?? 0 }
            if quality > best.quality, quality <= 1 { best = (language, quality) }
        }
        self = best.language
    }
}
