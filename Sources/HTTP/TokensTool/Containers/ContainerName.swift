/// What a container may be called here (compat/tokenstool.md W8): it becomes part of a path at the Engine, and of nothing else.
enum ContainerName {
    /// `[A-Za-z0-9][A-Za-z0-9_.-]{0,127}`.
    static func isValid(_ name: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) }
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 128 else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }
}
