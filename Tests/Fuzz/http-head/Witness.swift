import CofferAccounts
@testable import CofferHTTP
import FuzzSupport
import Logging

/// Hears the gate refuse a head, as the connection behind it does, and answers into nothing: it stands in no pipeline.
struct Witness {
    let connection: HTTPConnection

    /// - Returns: `nil` only where the settings below are refused.
    init?(_ gate: RequestGate, _ limits: HTTPLimits) {
        let address = ListenAddress(host: ClientAddress(v4: 0x7F00_0001), port: 80)
        guard let entry = try? DoorEntry(DoorListen(door: UnclaimedPath(), address: address), tls: nil, trustedProxies: [], hosts: []),
            let group = try? ListenGroup.grouped([entry]).first
        else { return nil }
        let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
        connection = HTTPConnection(
            setting: ConnectionSetting(group: group, limits: limits, registry: ConnectionRegistry(), meters: nil, logger: logger),
            gate: gate, isTLS: false)
        gate.connection = connection
    }

    var hasRefused: Bool { if case .answering = connection.state { true } else { false } }
}
