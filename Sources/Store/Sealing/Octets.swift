/// Empty buffers have no address, C functions want one: these never return nil.
private enum EmptyMemory {
    nonisolated(unsafe) static let address = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    package var octets: UnsafePointer<UInt8> {
        UnsafePointer((baseAddress ?? UnsafeRawPointer(EmptyMemory.address)).assumingMemoryBound(to: UInt8.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    @inline(__always)
    package var octets: UnsafeMutablePointer<UInt8> { (baseAddress ?? EmptyMemory.address).assumingMemoryBound(to: UInt8.self) }
}

extension Array where Element == UInt8 {
    /// `withUnsafeBytes` that throws what `body` throws, typed.
    @inline(__always)
    package func withBytes<T, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        let result: Result<T, E> = withUnsafeBytes { bytes in
            do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
