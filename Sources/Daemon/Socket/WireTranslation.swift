import CofferStore
import CofferWire

// Between the protocol's words and the store's.

extension ExpectedVersion {
    init(_ expectation: Expectation) {
        self = switch expectation {
        case .none: .any
        case .version(let version): .exactly(version)
        case .at(let incarnation, let version): .exactly(version, incarnation: incarnation.bytes)
        }
    }
}

extension SettingsChange {
    init(_ settings: SecretSettings) {
        self.init(
            metadata: settings.metadata?.map { ($0.key, $0.value) }, tags: settings.tags, keepLast: settings.keepLast,
            deleteAfter: settings.deleteAfter)
    }
}

extension InfoResponse {
    init(_ info: SecretInfo) {
        self.init(
            activeVersion: info.activeVersion, latestVersion: info.latestVersion, deleted: info.deleted, created: info.created,
            updated: info.updated, revision: info.revision, keepLast: info.keepLast, deleteAfter: info.deleteAfter,
            metadata: info.metadata.map { MetadataPair(key: $0.key, value: $0.value) }, tags: info.tags,
            versions: info.versions.map {
                VersionInfo(
                    version: $0.version, state: VersionState(rawValue: $0.state.rawValue) ?? .destroyed, created: $0.created,
                    expires: $0.expires, deleted: $0.deleted, size: $0.size, contentType: $0.contentType, createdBy: $0.createdBy)
            })
    }
}
