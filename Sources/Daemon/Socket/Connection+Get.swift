import CofferAudit
import CofferStore
import CofferWire

// The way of a GET (design.md 3): from the receive buffer, over policy and store, straight into the send buffer. Nothing here allocates,
// takes a lock or leaves the thread.
extension Connection {
    /// Bytes in front of the value: the frame's header, the zero of the error, the fixed fields.
    static let valueOffset = FrameHeader.size + 2 + GetResponse.fixedSize
    /// Room that most records fit in; larger ones say what they need.
    private static let usualRecord = 1_024

    /// Carries out the plain gets at the front of the input, up to the first frame that is something else or has to be refused.
    /// - Returns: whether there were any; otherwise nothing has happened.
    @inline(__always)
    func getAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard rules.phase == .open, unfinished.isEmpty, loop.isUnlocked, !loop.isDraining, loop.recorder.permits,
            let tenant = caller.tenant
        else { return false }
        let ahead = loop.getsAhead
        lookAhead(bytes, tenant, ahead)
        guard ahead.count > 0 else { return false }
        for index in 0..<ahead.count {
            let next = ahead[index]
            if loop.plantsAllocation { loop.plant() }
            get(next.requestID, tenant, next.name, 0, .none, hash: next.hash, isRecorded: false)
            input.consume(next.length)
            // One that waits for something may be cancelled, and its id may not be used again: those behind it are looked at closely.
            if isClosed || isBackedUp || !unfinished.isEmpty { break }
        }
        return true
    }

    /// Finds out which gets are at the front and may be answered, and asks the memory for what they need.
    @inline(__always)
    private func lookAhead(_ bytes: UnsafeRawBufferPointer, _ tenant: TenantID, _ ahead: GetsAhead) {
        ahead.removeAll()
        let rights = caller.rights
        var start = 0
        while ahead.count < GetsAhead.most, let (requestID, length, name) = GetsAhead.Get.scan(bytes, at: start),
            rights.allows(.secret, .get, tenant: tenant, name: name) {
            let hash = loop.reader.expect(tenant: tenant, name: name)
            loop.recorder.expect(.get, .secret, who, hash: (hash.low, hash.high))
            ahead.append(.init(requestID: requestID, length: length, name: name, hash: hash))
            start += length
        }
        guard ahead.count > 1 else { return }
        for index in 0..<ahead.count {
            let hash = ahead[index].hash
            loop.reader.approach(hash)
            loop.recorder.approach(.get, .secret, who, hash: (hash.low, hash.high))
        }
    }

    func get(_ requestID: UInt32, _ body: UnsafeRawBufferPointer) {
        let name: UnsafeRawBufferPointer
        let version: UInt64
        var unless = Expectation.none
        do throws(WireError) {
            var decoder = WireDecoder(body)
            _ = try decoder.u32("deadline")
            name = try decoder.slice16("name", limit: Limits.secretName)
            version = try decoder.u64("version")
            if decoder.remaining == 1 && body[body.count - 1] == 0 {
                _ = try decoder.u8("unless")
            } else {
                unless = try Request<GetRequest>(decoding: body).fields.unless
            }
        } catch {
            return send(.response, Operation.get.rawValue, requestID, Failure(.malformed, error.description))
        }
        if loop.plantsAllocation { loop.plant() }
        guard !loop.isDraining else { return send(.response, Operation.get.rawValue, requestID, Failure.draining) }
        guard loop.isUnlocked else { return send(.response, Operation.get.rawValue, requestID, loop.lockFailure) }
        guard loop.recorder.permits else { return send(.response, Operation.get.rawValue, requestID, Failure.auditUnavailable) }
        guard let tenant = caller.tenant, caller.rights.allows(.secret, .get, tenant: tenant, name: name) else {
            if let unread { return send(.response, Operation.get.rawValue, requestID, unread) }
            countRefusedGet(name)
            return send(.response, Operation.get.rawValue, requestID, Failure.denied)
        }
        get(requestID, tenant, name, version, unless, isRecorded: false)
    }

    /// - Parameters:
    ///   - hash: of the name, where it is known already.
    ///   - isRecorded: the audit log has this read already, durable.
    func get(
        _ requestID: UInt32, _ tenant: TenantID, _ name: UnsafeRawBufferPointer, _ version: UInt64, _ unless: Expectation,
        hash: NameHash? = nil, isRecorded: Bool
    ) {
        var size = Self.usualRecord
        while true {
            let room = output.reserve(Self.valueOffset + size)
            let value = UnsafeMutableRawBufferPointer(rebasing: room[Self.valueOffset...])
            let outcome = loop.reader.read(tenant: tenant, name: name, version: version, now: loop.now, hash: hash, into: value)
            switch outcome {
            case .tooSmall(let needed):
                size = needed
            case .value(let found):
                if unless != .none && !isWanted(found, unless, requestID) { return }
                if !isRecorded && !mayAnswer(found, requestID, tenant, name) { return }
                return answer(requestID, found, room)
            default:
                return miss(outcome, requestID, name)
            }
        }
    }

    @inline(__always)
    private func answer(_ requestID: UInt32, _ found: ReadOutcome.Value, _ room: UnsafeMutableRawBufferPointer) {
        guard let base = room.baseAddress else { return }
        let length = found.valueLength + found.contentTypeLength
        FrameHeader(kind: .response, operation: .get, requestID: requestID).write(to: base, bodyLength: 2 + GetResponse.fixedSize + length)
        let fields = base + FrameHeader.size
        fields.storeBytes(of: 0, as: UInt16.self)
        fields.storeBytes(of: found.version.bigEndian, toByteOffset: 2, as: UInt64.self)
        fields.storeBytes(of: found.revision.bigEndian, toByteOffset: 10, as: UInt64.self)
        fields.storeBytes(of: found.expires.bigEndian, toByteOffset: 18, as: UInt64.self)
        fields.storeBytes(of: UInt8(truncatingIfNeeded: found.contentTypeLength), toByteOffset: 26, as: UInt8.self)
        fields.storeBytes(of: UInt32(truncatingIfNeeded: found.valueLength).bigEndian, toByteOffset: 27, as: UInt32.self)
        output.commit(Self.valueOffset + length, scribbled: found.writtenLength - length)
    }

    // MARK: Everything but a value

    /// `unless`: whether the caller still wants the version that was found; otherwise it is answered here.
    private func isWanted(_ found: ReadOutcome.Value, _ unless: Expectation, _ requestID: UInt32) -> Bool {
        var same = false
        switch unless {
        case .none: return true
        case .version(let version): same = version == found.version
        case .at(let incarnation, let version):
            guard incarnation.bytes == loop.incarnation else {
                output.commit(0, scribbled: Self.valueOffset + found.writtenLength)
                send(.response, Operation.get.rawValue, requestID, Failure(.resync, "that version was seen in another incarnation of the store"))
                return false
            }
            same = version == found.version
        }
        guard same else { return true }
        // What was opened lies behind the end of the output: it is wiped with the rest.
        output.commit(0, scribbled: Self.valueOffset + found.writtenLength)
        send(.response, Operation.get.rawValue, requestID, Failure(.notModified, "version \(found.version) is the present one"))
        return false
    }

    private func miss(_ outcome: ReadOutcome, _ requestID: UInt32, _ name: UnsafeRawBufferPointer) {
        let bytes = Array(name)
        func answer(_ error: StoreError) {
            let failure = caller.failure(error, about: bytes)
            _ = countMiss(failure, bytes)
            send(.response, Operation.get.rawValue, requestID, failure)
        }
        switch outcome {
        case .deleted: answer(StoreError(.deleted, "the name, or this version of it, is deleted"))
        case .expired: answer(StoreError(.expired, "this version has expired"))
        case .versionNotFound: answer(StoreError(.versionNotFound, "the name has no such version, or none is active"))
        case .failure(let error): answer(error)
        case .missing: confirmMissing(requestID, bytes)
        case .value, .tooSmall: break
        }
    }

    /// The list worker knows whether the name is really absent, or its record has gone (formats.md 6).
    private func confirmMissing(_ requestID: UInt32, _ bytes: [UInt8]) {
        let name: Name
        do throws(NameError) { name = try Name(bytes) } catch {
            return send(.response, Operation.get.rawValue, requestID, Failure(.invalidName, error.rawValue))
        }
        guard let tenant = caller.tenant else { return }
        let handle = wait(for: .get, requestID)
        let caller = caller
        loop.store.onWorker { worker in
            do throws(StoreError) {
                try worker.get().confirmMissing(tenant: tenant, name: name)
                throw StoreError(.notFound, "there is no such name")
            } catch {
                let failure = caller.failure(error, about: bytes)
                handle.resume { connection, request in
                    _ = connection.countMiss(failure, bytes)
                    connection.finish(request, failure)
                }
            }
        }
    }

    /// Enters a request that is completed later.
    func wait(for operation: Operation, _ requestID: UInt32, shape: ConnectionRules.Unfinished? = nil) -> RequestHandle {
        let request = PendingRequest(id: requestID, operation: operation.rawValue, shape: shape ?? .single(operation.rawValue))
        unfinished[requestID] = request
        return handle(of: request)
    }

    func handle(of request: PendingRequest) -> RequestHandle {
        RequestHandle(inbox: loop.inbox, connection: id, id: request.id, identity: ObjectIdentifier(request))
    }
}
