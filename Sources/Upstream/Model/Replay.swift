/// Whether a step may be dialled again with the same token when nobody knows how the first dial ended (decisions 14).
public enum Replay: Equatable, Sendable {
    /// Single use: a second dial with the same token may destroy it.
    case never
    /// As often as one likes.
    case safe
    /// The upstream takes the same token again for so many seconds after its first use, 1 to 3,600.
    case grace(seconds: UInt32)

    /// `never` or `rotating`, `safe` or `static`, `grace SECONDS` or `grace:SECONDS`; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "never", "rotating": self = .never
        case "safe", "static": self = .safe
        default:
            guard text.hasPrefix("grace "), let seconds = Self.seconds(text.dropFirst(6)) else {
                guard text.hasPrefix("grace:"), let seconds = Self.seconds(text.dropFirst(6)) else { return nil }
                self = .grace(seconds: seconds)
                return
            }
            self = .grace(seconds: seconds)
        }
    }

    private static func seconds(_ text: Substring) -> UInt32? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = UInt32(text) else { return nil }
        return (1...3_600).contains(seconds) ? seconds : nil
    }
}
