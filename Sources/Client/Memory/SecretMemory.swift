import CLinux
import Synchronization

/// Memory for secrets: pages that are, as far as the system allows, neither swapped nor dumped.
///
/// Small blocks share slabs that are locked once and kept for the life of the process, because a lock on a page
/// does not count its users: unlocking one secret's page would unlock its neighbours. Large blocks are pages of
/// their own and go back to the system.
enum SecretMemory {
    /// One allocation. The owner frees it exactly once.
    struct Block {
        enum Origin { case empty, slab(Int), pages, heap }
        let bytes: UnsafeMutableRawBufferPointer
        fileprivate let origin: Origin

        static var empty: Block { Block(bytes: UnsafeMutableRawBufferPointer(start: nil, count: 0), origin: .empty) }
    }

    /// A block of at least `count` bytes, all zero.
    static func allocate(_ count: Int) -> Block {
        guard count > 0 else { return .empty }
        if let sizeClass = sizeClass(of: count), let block = allocateFromSlab(sizeClass) { return block }
        let size = (count + pageSize - 1) / pageSize * pageSize
        if let pages = coffer_client_map(size) {
            return Block(bytes: UnsafeMutableRawBufferPointer(start: pages, count: size), origin: .pages)
        }
        // No pages left to map: the heap is the last resort, and it stops the process where it is empty too.
        let heap = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        heap.initializeMemory(as: UInt8.self, repeating: 0)
        return Block(bytes: heap, origin: .heap)
    }

    /// Wipes and frees.
    static func free(_ block: Block) {
        wipe(block.bytes)
        switch block.origin {
        case .empty: break
        case .slab(let sizeClass):
            let address = UInt(bitPattern: block.bytes.baseAddress)
            freeBlocks.withLock { $0[sizeClass].append(address) }
        case .pages: coffer_client_unmap(block.bytes.baseAddress, block.bytes.count)
        case .heap: block.bytes.deallocate()
        }
    }

    /// Overwrites with zeros in a way that the optimizer keeps.
    static func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let address = bytes.baseAddress, bytes.count > 0 else { return }
        coffer_client_wipe(address, bytes.count)
    }

    private static let pageSize = 4_096
    private static let slabSize = 65_536
    /// Blocks of 32, 64, … 2,048 bytes.
    private static let smallestShift = 5
    private static let classes = 7

    /// Addresses of the free blocks of each class.
    private static let freeBlocks = Mutex<[[UInt]]>(Array(repeating: [], count: classes))

    private static func sizeClass(of count: Int) -> Int? {
        var sizeClass = 0
        while sizeClass < classes, (1 << (smallestShift + sizeClass)) < count { sizeClass += 1 }
        return sizeClass < classes ? sizeClass : nil
    }

    private static func allocateFromSlab(_ sizeClass: Int) -> Block? {
        let size = 1 << (smallestShift + sizeClass)
        let address: UInt? = freeBlocks.withLock { free in
            if let address = free[sizeClass].popLast() { return address }
            guard let slab = coffer_client_map(slabSize) else { return nil }
            let start = UInt(bitPattern: slab)
            free[sizeClass].append(contentsOf: stride(from: start, to: start + UInt(slabSize), by: size))
            return free[sizeClass].popLast()
        }
        guard let address, let pointer = UnsafeMutableRawPointer(bitPattern: address) else { return nil }
        return Block(bytes: UnsafeMutableRawBufferPointer(start: pointer, count: size), origin: .slab(sizeClass))
    }
}
