/// A file as text with fields: `header`, one `element` for each credential, `separator` between two, `footer`.
///
/// Fields of an element, in braces (`{{` is a brace): `name`, `number`, `provider`, `email`, `client_id`, `memo`, `variable` (the name as
/// an environment variable's: `MY_NAME`), `token:KIND`, `expires:KIND` (Unix seconds), `attribute:NAME`, `parameter:NAME`. Header,
/// separator and footer know no fields. Shown are enabled credentials that are not dead, ascending by number; one that lacks a token which
/// the element names is left out.
public struct SinkTemplate: Equatable, Sendable {
    /// How a field's value is written.
    public enum Encoding: String, Sendable, CaseIterable {
        /// A JSON text with its quotes, a number, or `null` where there is none.
        case json
        /// A text in double quotes that shells, systemd and dotenv readers read alike. Control characters are refused.
        case env
        /// As it is. Control characters are refused: a line would become two.
        case plain
    }

    public var encoding: Encoding
    /// Each at most 16,384 bytes.
    public var header: String
    public var element: String
    public var separator: String
    public var footer: String

    public init(encoding: Encoding, header: String = "", element: String, separator: String = "", footer: String = "") {
        self.encoding = encoding
        self.header = header
        self.element = element
        self.separator = separator
        self.footer = footer
    }
}
