/// Empty buffers have no address, C functions want one: these never return nil. With an empty buffer the count that goes along is 0.
private enum EmptyMemory {
    nonisolated(unsafe) static let address = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
}

extension UnsafeRawBufferPointer {
    var octets: UnsafePointer<UInt8> {
        UnsafePointer((baseAddress ?? UnsafeRawPointer(EmptyMemory.address)).assumingMemoryBound(to: UInt8.self))
    }

    var characters: UnsafePointer<CChar> {
        UnsafePointer((baseAddress ?? UnsafeRawPointer(EmptyMemory.address)).assumingMemoryBound(to: CChar.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    var octets: UnsafeMutablePointer<UInt8> { (baseAddress ?? EmptyMemory.address).assumingMemoryBound(to: UInt8.self) }
    var characters: UnsafeMutablePointer<CChar> { (baseAddress ?? EmptyMemory.address).assumingMemoryBound(to: CChar.self) }
}
