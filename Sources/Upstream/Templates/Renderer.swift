import CofferJSON
import CofferStore

/// Fills a request's templates.
struct Renderer {
    let step: ProviderStep
    let values: TemplateValues
    /// Of multipart bodies; nil: a random one.
    var boundary: String?

    struct Request {
        var url: WipedBytes
        var headers: [(name: String, value: WipedBytes)] = []
        var body: WipedBytes?
    }

    func render() throws(ProviderError) -> Request {
        let template = step.request
        var request = Request(url: try url())
        for field in template.headers {
            guard let text = try rendered(field, .header, isLenient: false) else { continue }
            if text.count == 0 { throw ProviderError("headers.\(field.name)", "is empty") }
            request.headers.append((field.name, text))
        }
        if let basic = template.basic, basic.conditions.allSatisfy({ $0.holds(values.text) }) {
            request.headers.append(("Authorization", try self.basic(basic)))
        }
        var type: String?
        switch template.body {
        case .none: break
        case .form(let fields):
            request.body = try form(fields)
            type = "application/x-www-form-urlencoded"
        case .multipart(let fields):
            let boundary: String
            if let given = self.boundary { boundary = given } else { boundary = try unusedBoundary(fields) }
            request.body = try multipart(fields, boundary)
            type = "multipart/form-data; boundary=\(boundary)"
        case .json(let json):
            let output = WipedBytes()
            _ = try write(json, to: output)
            request.body = output
            type = "application/json"
        }
        if let type, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            let text = WipedBytes()
            text.append(type)
            request.headers.insert(("Content-Type", text), at: 0)
        }
        return request
    }

    private func missing(_ name: String) -> ProviderError { ProviderError(name, "is missing") }

    /// Writes the template; every value must be there.
    private func write(_ template: Template, _ encoding: ValueEncoding, to output: WipedBytes) throws(ProviderError) {
        for piece in template.pieces {
            switch piece {
            case .literal(let text):
                let literal = SecretBuffer(Array(text.utf8))
                try encoding.write(literal.bytes, to: output)
            case .value(let name):
                guard let value = values[name] else { throw missing(name) }
                do throws(ProviderError) {
                    try (value.isMask ? .raw : encoding).write(value.bytes.bytes, to: output)
                } catch {
                    throw ProviderError(name, error.message)
                }
            }
        }
    }

    /// The field's text; nil: it is left out.
    private func rendered(
        _ field: TemplateField, _ encoding: ValueEncoding, isLenient: Bool = true
    ) throws(ProviderError) -> WipedBytes? {
        guard field.conditions.allSatisfy({ $0.holds(values.text) }) else { return nil }
        let output = WipedBytes()
        let absent = field.template.names.filter { values[$0] == nil }
        if let first = absent.first {
            if let otherwise = field.otherwise {
                try encoding.write(SecretBuffer(Array(otherwise.utf8)), to: output)
                return output
            }
            if field.isOptional || (isLenient && absent.allSatisfy(values.mayBeMissing)) { return nil }
            throw missing(first)
        }
        try write(field.template, encoding, to: output)
        return output
    }

    // MARK: URL

    private func url() throws(ProviderError) -> WipedBytes {
        let output = WipedBytes()
        let pieces = step.request.url.pieces
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .literal(let text): output.append(text)
            case .value(let name):
                guard let value = values[name] else { throw missing(name) }
                if index == 0 {
                    let bytes = value.bytes.bytes
                    let follows = index + 1 < pieces.count
                    if !value.isMask, bytes.contains(UInt8(ascii: "?")), follows {
                        throw ProviderError(name, "must not have a query: '\(step.name)' adds a path to it")
                    }
                    // `http://host/` and `/path` make one slash.
                    let isSlashed = follows && bytes.last == UInt8(ascii: "/")
                    output.append(UnsafeRawBufferPointer(rebasing: bytes.dropLast(isSlashed ? 1 : 0)))
                } else {
                    // As a whole segment these would climb; as part of one they are letters like others.
                    if value.bytes.bytes.elementsEqual(".".utf8) || value.bytes.bytes.elementsEqual("..".utf8) {
                        throw ProviderError(name, "is '.' or '..', which a URL's path cannot hold")
                    }
                    try (value.isMask ? ValueEncoding.raw : .percent).write(value.bytes.bytes, to: output)
                }
            }
        }
        var separator = output.bytes.contains(UInt8(ascii: "?")) ? UInt8(ascii: "&") : UInt8(ascii: "?")
        for field in step.request.query {
            let text = WipedBytes()
            guard let value = try rendered(field, .form) else { continue }
            try ValueEncoding.percent.write(SecretBuffer(Array(field.name.utf8)), to: text)
            output.append(separator)
            output.append(text.bytes)
            output.append(UInt8(ascii: "="))
            output.append(value.bytes)
            separator = UInt8(ascii: "&")
        }
        return output
    }

    // MARK: Bodies

    private func basic(_ basic: BasicTemplate) throws(ProviderError) -> WipedBytes {
        let pair = WipedBytes()
        let masked = (basic.user.names + basic.password.names).contains { values[$0]?.isMask == true }
        try write(basic.user, .form, to: pair)
        pair.append(UInt8(ascii: ":"))
        try write(basic.password, .form, to: pair)
        let output = WipedBytes()
        output.append("Basic ")
        if masked { output.append("***") } else { ValueEncoding.base64(pair.bytes, to: output) }
        return output
    }

    private func form(_ fields: [TemplateField]) throws(ProviderError) -> WipedBytes {
        let output = WipedBytes()
        func append(_ name: [UInt8], _ value: UnsafeRawBufferPointer) throws(ProviderError) {
            if output.count > 0 { output.append(UInt8(ascii: "&")) }
            try ValueEncoding.form.write(SecretBuffer(name), to: output)
            output.append(UInt8(ascii: "="))
            output.append(value)
        }
        for field in fields {
            if let text = try rendered(field, .form) { try append(Array(field.name.utf8), text.bytes) }
        }
        guard let extra = step.request.formExtra, let value = values[extra] else { return output }
        if value.isMask {
            output.append("&")
            output.append(value.bytes.bytes)
            return output
        }
        guard let items = ValueEncoding.formItems(value.bytes.bytes) else {
            throw ProviderError(extra, "must be form-encoded: name=value&name=value")
        }
        for item in items {
            if fields.contains(where: { $0.name.utf8.elementsEqual(item.name) }) {
                throw ProviderError(extra, "holds a field that the form has already")
            }
            let text = WipedBytes()
            try ValueEncoding.form.write(SecretBuffer(item.value), to: text)
            try append(item.name, text.bytes)
        }
        return output
    }

    private func multipart(_ fields: [TemplateField], _ boundary: String) throws(ProviderError) -> WipedBytes {
        let output = WipedBytes()
        for field in fields {
            guard let text = try rendered(field, .raw) else { continue }
            output.append("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field.name)\"\r\n\r\n")
            output.append(text.bytes)
            output.append("\r\n")
        }
        output.append("--\(boundary)--\r\n")
        return output
    }

    /// 32 random hex digits that occur in no value.
    private func unusedBoundary(_ fields: [TemplateField]) throws(ProviderError) -> String {
        for _ in 0..<8 {
            let boundary = (0..<4).map { _ in
                let word = String(UInt32.random(in: 0...UInt32.max), radix: 16)
                return String(repeating: "0", count: 8 - word.utf8.count) + word
            }.joined()
            var isUsed = false
            for field in fields {
                guard let text = try rendered(field, .raw) else { continue }
                if ByteSearch.contains(text.bytes, Array(boundary.utf8)) { isUsed = true }
            }
            if !isUsed { return boundary }
        }
        throw ProviderError("multipart", "no boundary was found that does not occur in a value")
    }

    /// - Returns: whether something was written.
    private func write(_ json: JSONTemplate, to output: WipedBytes) throws(ProviderError) -> Bool {
        switch json {
        case .fixed(let value): output.append(value.encoded())
        case .field(let field):
            if let name = field.template.soleName, field.conditions.allSatisfy({ $0.holds(values.text) }), let value = values[name],
                !value.isMask, values.isBare(name) {
                output.append(value.bytes.bytes)
                return true
            }
            guard let text = try rendered(field, .json) else { return false }
            output.append(UInt8(ascii: "\""))
            output.append(text.bytes)
            output.append(UInt8(ascii: "\""))
        case .array(let items):
            output.append(UInt8(ascii: "["))
            var isFirst = true
            for item in items {
                let text = WipedBytes()
                guard try write(item, to: text) else { continue }
                if !isFirst { output.append(UInt8(ascii: ",")) }
                output.append(text.bytes)
                isFirst = false
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            var isFirst = true
            for (name, member) in members {
                let text = WipedBytes()
                guard try write(member, to: text) else { continue }
                output.append(isFirst ? "\"" : ",\"")
                try ValueEncoding.json.write(SecretBuffer(Array(name.utf8)), to: output)
                output.append("\":")
                output.append(text.bytes)
                isFirst = false
            }
            output.append(UInt8(ascii: "}"))
        }
        return true
    }
}
