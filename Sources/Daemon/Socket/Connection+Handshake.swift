import CofferAccounts
import CofferStore
import CofferWire
import CSodium

// Hello and confirm: protocol.md, "The connection".
extension Connection {
    func hello(_ header: FrameHeader, _ body: UnsafeRawBufferPointer) {
        let hello: HelloRequest
        do throws(WireError) {
            hello = try Request<HelloRequest>(decoding: body).fields
        } catch {
            return refuse(header, Failure(.malformed, error.description))
        }
        guard !loop.isDraining else { return refuse(header, .draining) }
        guard hello.minimumVersion <= ProtocolVersion.maximum, hello.maximumVersion >= ProtocolVersion.minimum else {
            return refuse(header, Failure(
                .unsupportedVersion, "this daemon speaks versions \(ProtocolVersion.minimum) to \(ProtocolVersion.maximum)"))
        }
        tenantName = hello.tenant
        knowsAuditError = hello.features & ProtocolFeature.audit != 0
        caller.tenant = loop.services.accounts.tenants.find(name: Array(hello.tenant.utf8))?.number
        var random = [UInt8](repeating: 0, count: Bytes16.size)
        randombytes_buf(&random, random.count)
        nonce = Bytes16(random) ?? .zero
        let isLocked = loop.store.isLocked
        let response = HelloResponse(
            version: min(hello.maximumVersion, ProtocolVersion.maximum), features: hello.features & ProtocolFeature.all,
            storeID: Bytes16(loop.store.storeID) ?? .zero,
            position: isLocked ? Position(incarnation: .zero, revision: 0) : loop.position, serverTime: loop.now, locked: isLocked,
            nonce: nonce, serverName: "cofferd/\(DaemonVersion.number)")
        send(.response, header.operation, header.requestID, Answer.success(response))
        rules.greeted()
    }

    func confirm(_ header: FrameHeader, _ body: UnsafeRawBufferPointer) {
        let confirm: ConfirmRequest
        do throws(WireError) {
            confirm = try Request<ConfirmRequest>(decoding: body).fields
        } catch {
            return refuse(header, Failure(.malformed, error.description))
        }
        guard sodium_memcmp(confirm.nonce.bytes, nonce.bytes, Bytes16.size) == 0 else {
            return refuse(header, Failure(.denied, "the nonce is not the one of hello's response"))
        }
        rules.confirmed()
        handshakeDone()
        // Facts that were held back until now may count from now on (formats.md 14).
        if checksSender { rejudgePeer() }
        send(.response, header.operation, header.requestID, Answer.success(Empty()))
    }
}
