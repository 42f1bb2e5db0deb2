import CofferWire

// Backups and restores: decode, call the service, answer when it is done.
extension Connection {
    func backups(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        throw Failure(.unknownOperation, "operation \(operation.rawValue) is unknown")
    }
}
