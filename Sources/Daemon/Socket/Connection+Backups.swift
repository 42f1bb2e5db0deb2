import CofferWire

// Backups and restores: decode, call the service, answer when it is done.
extension Connection {
    func backups(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let service = loop.services.backups
        switch operation {
        case .backupCreate:
            let request: Request<BackupCreateRequest> = try decode(body)
            let pending = wait(operation, id, request, shape: .down(operation.rawValue))
            let stream = BackupStream(self, pending, credit: request.fields.credit)
            pending.stream = stream
            try stream.start()
        case .restore:
            let request: Request<RestoreRequest> = try decode(body)
            let pending = wait(operation, id, request, shape: .up(operation.rawValue, credit: 0))
            let stream = RestoreStream(self, pending, request.fields)
            pending.stream = stream
            try stream.start()
        case .backupList:
            let _: Request<Empty> = try decode(body)
            send(.response, operation.rawValue, id, Answer.success(try service.list(caller, now: loop.now)))
        case .backupRun:
            let handle = handle(of: wait(operation, id, try decode(body) as Request<Empty>))
            try service.run(caller) { handle.finish($0) }
        default: throw Failure(.unknownOperation, "operation \(operation.rawValue) is unknown")
        }
    }
}
