import NIOCore
import Synchronization

/// The open connections and running requests of a server: what a stop has to wait for, and to end.
final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var requests = 0
    }

    private let state = Mutex(State())

    func opened(_ channel: any Channel) {
        state.withLock { $0.channels[ObjectIdentifier(channel)] = channel }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
        }
    }

    func requestBegan() { state.withLock { $0.requests += 1 } }
    func requestEnded() { state.withLock { $0.requests -= 1 } }

    var requests: Int { state.withLock { $0.requests } }

    /// Ends every connection, whatever it is doing, and cancels what doors have begun.
    func closeAll() {
        for channel in state.withLock({ Array($0.channels.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(ForcedClose())
        }
    }
}
