import CofferStore

extension Sink: NumberedRecord {
    static var emptyState: SinkState { SinkState() }

    static func read(_ bytes: SecretBuffer, revision: UInt64) throws(StoreError) -> Sink {
        try CredentialDocuments.read(bytes, "a sink") { (reader) throws(StoreError) in
            let (number, tenant) = (try reader.u64(), try reader.u64())
            return Sink(
                number: number, tenant: tenant, name: try CredentialDocuments.name(&reader, "a sink"), isEnabled: try reader.bool(),
                content: try SinkContent.read(&reader), path: try reader.text(), target: try CredentialFilter.read(&reader),
                action: try SinkAction.read(&reader), attributes: try CredentialDocuments.map(&reader), created: try reader.u64(),
                updated: try reader.u64(), revision: revision)
        }
    }

    var encoded: SecretBuffer {
        CredentialDocuments.write { writer in
            writer.u64(number)
            writer.u64(tenant)
            writer.bytes16(name.bytes)
            writer.bool(isEnabled)
            content.write(&writer)
            writer.text(path)
            target.write(&writer)
            action.write(&writer)
            writer.map(attributes)
            writer.u64(created)
            writer.u64(updated)
        }
    }

    static func readState(_ bytes: SecretBuffer) throws(StoreError) -> SinkState {
        try CredentialDocuments.read(bytes, "a sink's state") { (reader) throws(StoreError) in
            var state = SinkState()
            state.lastRun = try reader.u64()
            state.lastWrite = try reader.u64()
            state.size = try reader.u64()
            state.digest = try reader.bytes16()
            state.begunDigest = try reader.bytes16()
            state.isActionDue = try reader.bool()
            state.lastAction = try reader.u64()
            state.error = try reader.text()
            state.failures = try reader.u16()
            state.kept = try reader.text()
            state.keptTime = try reader.u64()
            return state
        }
    }
}

extension SinkState {
    var encoded: SecretBuffer {
        CredentialDocuments.write { writer in
            writer.u64(lastRun)
            writer.u64(lastWrite)
            writer.u64(size)
            writer.bytes16(digest)
            writer.bytes16(begunDigest)
            writer.bool(isActionDue)
            writer.u64(lastAction)
            writer.text(error)
            writer.u16(failures)
            writer.text(kept)
            writer.u64(keptTime)
        }
    }
}

extension SinkContent {
    static func read(_ reader: inout FieldReader) throws(StoreError) -> SinkContent {
        switch try reader.u8() {
        case 1:
            guard let encoding = SinkTemplate.Encoding(rawValue: try reader.text()) else { throw CredentialDocuments.damaged("a sink") }
            return .template(
                SinkTemplate(
                    encoding: encoding, header: try reader.text(), element: try reader.text(), separator: try reader.text(),
                    footer: try reader.text()))
        case 2: return .renderer(try reader.text())
        default: throw CredentialDocuments.damaged("a sink")
        }
    }

    func write(_ writer: inout FieldWriter) {
        switch self {
        case .template(let template):
            writer.u8(1)
            writer.text(template.encoding.rawValue)
            writer.text(template.header)
            writer.text(template.element)
            writer.text(template.separator)
            writer.text(template.footer)
        case .renderer(let name):
            writer.u8(2)
            writer.text(name)
        }
    }
}

extension SinkAction {
    static func read(_ reader: inout FieldReader) throws(StoreError) -> SinkAction {
        switch try reader.u8() {
        case 0: return .nothing
        case 1:
            guard let method = Method(rawValue: try reader.text()) else { throw CredentialDocuments.damaged("a sink") }
            return .call(method: method, url: try reader.text(), timeout: try reader.u32())
        case 2:
            guard let signal = Signal(rawValue: try reader.text()) else { throw CredentialDocuments.damaged("a sink") }
            return .signal(signal, pidFile: try reader.text())
        default: throw CredentialDocuments.damaged("a sink")
        }
    }

    func write(_ writer: inout FieldWriter) {
        switch self {
        case .nothing: writer.u8(0)
        case .call(let method, let url, let timeout):
            writer.u8(1)
            writer.text(method.rawValue)
            writer.text(url)
            writer.u32(timeout)
        case .signal(let signal, let file):
            writer.u8(2)
            writer.text(signal.rawValue)
            writer.text(file)
        }
    }
}
