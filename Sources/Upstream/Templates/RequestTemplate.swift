import CofferJSON

/// A request with its templates.
struct RequestTemplate: Sendable {
    enum Body: Sendable {
        case none
        case form([TemplateField])
        case multipart([TemplateField])
        case json(JSONTemplate)
    }

    var method: String
    var url: Template
    var query: [TemplateField] = []
    var headers: [TemplateField] = []
    var basic: BasicTemplate?
    var body: Body = .none
    /// A parameter whose form-encoded items are added to the form.
    var formExtra: String?
}

/// `Authorization: Basic` by RFC 6749 2.3.1.
struct BasicTemplate: Sendable {
    let user: Template
    let password: Template
    let conditions: [ParameterCondition]
}

/// A JSON body with templates in place of texts.
indirect enum JSONTemplate: Sendable {
    case fixed(JSONValue)
    /// The field's own name is of no use here.
    case field(TemplateField)
    case array([JSONTemplate])
    case object([(String, JSONTemplate)])
}
