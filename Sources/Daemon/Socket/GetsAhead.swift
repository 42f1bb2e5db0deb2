import CofferStore
import CofferWire

/// Gets that have arrived together: what the first look at them found, until they are carried out.
///
/// A get waits for memory three times: for its name's slot in the index, for its record, for its line in the audit of reads. One get after the
/// other these waits are most of its time (with 100,000 names; few of them are in the processor's cache). So the next few gets ask for all
/// of theirs before the first of them needs any.
///
/// Memory of fixed size, taken once for each loop.
final class GetsAhead {
    /// Of the active version, with no condition: the plain case.
    struct Get {
        var requestID: UInt32
        /// Bytes of the frame.
        var length: Int
        /// In the connection's input.
        var name: UnsafeRawBufferPointer
        var hash: NameHash

        private static let bodySize = 4 + 2 + 8 + 1

        /// `nil`: what lies there is something else, not whole, or wrong; whoever looks at all frames says which.
        @inline(__always)
        static func scan(_ bytes: UnsafeRawBufferPointer, at start: Int) -> (requestID: UInt32, length: Int, name: UnsafeRawBufferPointer)? {
            guard bytes.count - start >= FrameHeader.size + bodySize, let base = bytes.baseAddress else { return nil }
            let frame = base + start
            let length = 4 + Int(UInt32(bigEndian: frame.loadUnaligned(as: UInt32.self)))
            guard length <= bytes.count - start, length >= FrameHeader.size + bodySize else { return nil }
            // Kind, the zero behind it and the operation in one.
            guard UInt32(bigEndian: frame.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) == requestOfGet else { return nil }
            let requestID = UInt32(bigEndian: frame.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            let nameLength = Int(UInt16(bigEndian: frame.loadUnaligned(fromByteOffset: FrameHeader.size + 4, as: UInt16.self)))
            guard requestID != 0, nameLength <= Limits.secretName, length == FrameHeader.size + bodySize + nameLength else { return nil }
            let name = UnsafeRawBufferPointer(start: frame + FrameHeader.size + 6, count: nameLength)
            // The active version, and no `unless`.
            let rest = frame + FrameHeader.size + 6 + nameLength
            guard rest.loadUnaligned(as: UInt64.self) == 0, rest.load(fromByteOffset: 8, as: UInt8.self) == 0 else { return nil }
            return (requestID, length, name)
        }

        private static let requestOfGet = UInt32(FrameKind.request.rawValue) << 24 | UInt32(Operation.get.rawValue)
    }

    /// As many as memory can be asked for at once, and whose records stay in the cache until they are opened.
    static let most = 16

    private let gets = UnsafeMutablePointer<Get>.allocate(capacity: most)
    private(set) var count = 0

    deinit { gets.deallocate() }

    @inline(__always)
    subscript(_ index: Int) -> Get { gets[index] }

    @inline(__always)
    func removeAll() { count = 0 }

    @inline(__always)
    func append(_ get: Get) {
        guard count < Self.most else { return }
        (gets + count).initialize(to: get)
        count += 1
    }
}
