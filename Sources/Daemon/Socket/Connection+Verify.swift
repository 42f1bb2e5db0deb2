import CofferAccounts
import CofferAudit
import CofferStore
import CofferWire

// The way of a verify: like a GET it ends on this thread and allocates nothing, unless its cost has to be made durable first.
extension Connection {
    /// Bytes in front of the verdict: the frame's header and the zero of the error.
    private static let verdictOffset = FrameHeader.size + 2

    func verify(_ requestID: UInt32, _ body: UnsafeRawBufferPointer) {
        let deadline: UInt32
        let fields: CofferWire.VerifyRequest.Slices
        do throws(WireError) {
            var decoder = WireDecoder(body)
            deadline = try decoder.u32("deadline")
            fields = try CofferWire.VerifyRequest.slices(from: &decoder)
            try decoder.finish()
        } catch {
            return send(.response, Operation.verify.rawValue, requestID, Failure(.malformed, error.description))
        }
        if loop.plantsAllocation { loop.plant() }
        guard !loop.isDraining else { return send(.response, Operation.verify.rawValue, requestID, Failure.draining) }
        guard loop.isUnlocked else { return send(.response, Operation.verify.rawValue, requestID, loop.lockFailure) }
        guard loop.recorder.permits else { return send(.response, Operation.verify.rawValue, requestID, Failure.auditUnavailable) }
        let rights = caller.rights
        guard rights.allowsAny(.apikey, .verify) else {
            _ = count(.verify, .apikey, [], version: 0, result: .denied)
            return send(.response, Operation.verify.rawValue, requestID, Failure.denied)
        }
        let request = CofferAccounts.VerifyRequest(
            key: fields.key, address: ClientAddress(raw: fields.address), model: fields.model, cost: Int64(fields.cost))
        let outcome = loop.services.accounts.apiKeys.verify(request, now: loop.now) {
            rights.allows(.apikey, .verify, tenant: $0, name: $1)
        }
        switch outcome {
        case .verdict(let verdict): answer(requestID, verdict)
        case .needsCommit(let charge): complete(requestID, charge, deadline)
        }
    }

    /// The charge becomes durable before the answer (formats.md 11).
    private func complete(_ requestID: UInt32, _ charge: PendingCharge, _ deadline: UInt32) {
        let pending = PendingRequest(id: requestID, operation: Operation.verify.rawValue, shape: .single(Operation.verify.rawValue))
        unfinished[requestID] = pending
        pending.isWithWriter = true
        if deadline > 0 {
            pending.deadline = loop.now + UInt64(deadline)
            loop.schedule(deadline: pending.deadline, handle(of: pending))
        }
        let handle = handle(of: pending)
        loop.services.accounts.apiKeys.finish(charge) { verdict in
            handle.resume { connection, request in
                if let failure = Failure(verdict) { return connection.finish(request, failure) }
                connection.finish(request, .success(VerifyResponse(verdict)))
            }
        }
    }

    @inline(__always)
    private func answer(_ requestID: UInt32, _ verdict: Verdict) {
        if let failure = Failure(verdict) { return send(.response, Operation.verify.rawValue, requestID, failure) }
        let room = output.reserve(Self.verdictOffset + VerifyResponse.largestSize)
        guard let base = room.baseAddress else { return }
        let fields = base + FrameHeader.size
        fields.storeBytes(of: 0, as: UInt16.self)
        VerifyResponse.Numbers(verdict).write(to: fields + 2)
        var end = 2 + VerifyResponse.fixedSize
        if let entry = verdict.entry, verdict.reason != .unknown {
            if let base = entry.texts.baseAddress { (fields + end).copyMemory(from: base, byteCount: entry.texts.count) }
            end += entry.texts.count
        } else {
            (fields + end).initializeMemory(as: UInt8.self, repeating: 0, count: 8)
            end += 8
        }
        FrameHeader(kind: .response, operation: .verify, requestID: requestID).write(to: base, bodyLength: end)
        output.commit(FrameHeader.size + end)
    }
}

extension ClientAddress {
    /// 4 or 16 bytes as the protocol has them; no bytes: nobody knows.
    init?(raw bytes: UnsafeRawBufferPointer) {
        switch bytes.count {
        case 4: self.init(v4: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        case 16:
            self.init(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        default: return nil
        }
    }
}

extension Failure {
    /// Where there is no verdict, only a reason to try later.
    init?(_ verdict: Verdict) {
        switch verdict.reason {
        case .locked: self = .locked
        case .failed: self = Failure(.failed, "the charge could not be made durable: nothing was taken", retry: .now)
        default: return nil
        }
    }
}

extension VerifyResponse.Numbers {
    @inline(__always)
    init(_ verdict: Verdict) {
        let entry = verdict.reason == .unknown ? nil : verdict.entry
        self.init(
            reason: VerifyReason(verdict.reason.rawValue), scope: verdict.scope == .embed ? .embed : .full,
            unlimited: entry != nil && verdict.unlimited, remaining: entry == nil ? 0 : verdict.remaining, expires: entry?.expires ?? 0,
            retryAfter: UInt32(clamping: verdict.retryAfter), number: entry?.number ?? 0)
    }
}

extension VerifyResponse {
    init(_ verdict: Verdict) {
        let entry = verdict.reason == .unknown ? nil : verdict.entry
        func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }
        self.init(
            Numbers(verdict), tenant: text(entry?.tenantName), owner: text(entry?.ownerName), name: text(entry?.name),
            group: text(entry?.group))
    }
}
