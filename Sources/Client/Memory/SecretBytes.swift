/// The bytes of a secret, in memory that is locked where the system allows it and wiped when the last
/// reference goes.
///
/// The contents never appear in a description, a dump or a mirror. There is no `==`, whose time would depend
/// on the contents: use ``isEqual(_:)``. The bytes do not change after initialisation, so that the object may be
/// shared between tasks.
///
/// > Important: A `String` or `[UInt8]` that the bytes came from, or are copied to, is not wiped.
public final class SecretBytes: Sendable {
    private nonisolated(unsafe) let block: SecretMemory.Block
    /// How many bytes there are.
    public let count: Int

    /// Copies `bytes`.
    public init(copying bytes: UnsafeRawBufferPointer) {
        block = SecretMemory.allocate(bytes.count)
        count = bytes.count
        if count > 0 { block.bytes.copyMemory(from: bytes) }
    }

    /// Copies `bytes`, which the caller may then wipe.
    public convenience init(_ bytes: [UInt8]) {
        self.init(unsafeUninitializedCapacity: bytes.count) { buffer in
            buffer.copyBytes(from: bytes)
            return bytes.count
        }
    }

    /// Copies the UTF-8 of `text`.
    public convenience init(utf8 text: String) {
        let length = text.utf8.count
        self.init(unsafeUninitializedCapacity: length) { buffer in
            buffer.copyBytes(from: text.utf8)
            return length
        }
    }

    /// Lets `fill` write the bytes in place, for example with `read(2)`, so that no other copy exists.
    /// - Parameters:
    ///   - capacity: how many bytes `fill` may write, 0 or more.
    ///   - fill: writes from the beginning of the (zeroed) buffer and returns how many bytes it wrote.
    /// - Throws: what `fill` throws; the memory has been wiped by then.
    public init(
        unsafeUninitializedCapacity capacity: Int, initializingWith fill: (UnsafeMutableRawBufferPointer) throws -> Int
    ) rethrows {
        let block = SecretMemory.allocate(capacity)
        do {
            let window = UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<max(0, capacity)])
            count = min(max(0, try fill(window)), max(0, capacity))
            self.block = block
        } catch {
            SecretMemory.free(block)
            throw error
        }
    }

    deinit { SecretMemory.free(block) }

    /// Whether there are no bytes.
    public var isEmpty: Bool { count == 0 }

    /// Gives access to the bytes for the time of the call. Do not keep the pointer, and wipe what you copy.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: block.bytes[..<count]))
    }

    /// Whether both hold the same bytes, in time that depends only on the lengths.
    public func isEqual(_ other: SecretBytes) -> Bool {
        guard count == other.count else { return false }
        return withUnsafeBytes { mine in
            other.withUnsafeBytes { theirs in
                var difference: UInt8 = 0
                for index in 0..<mine.count { difference |= mine[index] ^ theirs[index] }
                return difference == 0
            }
        }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `SecretBytes(12 bytes)`: the length only.
    public var description: String { "SecretBytes(\(count) bytes)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
