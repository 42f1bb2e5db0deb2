import CofferWire

/// Which frames the server may send for a request, by its operation.
enum Shape {
    /// One response.
    case single
    /// Chunks, then an end: list, export, backup.
    case download
    /// Credit, chunks, then an end: import, restore.
    case upload
    /// A response, events, then an end: watch.
    case watch

    init(_ operation: CofferWire.Operation) {
        switch operation {
        case .list, .export, .backupCreate: self = .download
        case .import, .accountImport, .restore: self = .upload
        case .watch, .tokenWatch: self = .watch
        default: self = .single
        }
    }

    /// What a frame means to its request.
    enum Verdict {
        case more
        case final
        case refused
    }

    /// - Parameters:
    ///   - opened: whether a watch has had its response.
    ///   - failed: whether the body is a failure. A failure may come as a response or as an end at any time.
    func judge(_ kind: FrameKind, opened: Bool, failed: Bool) -> Verdict {
        switch (kind, self) {
        case (.response, _) where failed, (.end, _) where failed: .final
        case (.response, .single): .final
        case (.response, .watch): opened ? .refused : .more
        case (.event, .watch): opened ? .more : .refused
        case (.end, .watch): opened ? .final : .refused
        case (.chunk, .download), (.chunk, .upload), (.credit, .upload): .more
        case (.end, .download), (.end, .upload): .final
        default: .refused
        }
    }
}
