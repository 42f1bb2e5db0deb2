import CSodium

/// Base 64 as the age format has it: only the canonical form of some bytes is read as them.
enum Base64 {
    static func text(_ bytes: [UInt8]) -> [UInt8] {
        let size = sodium_base64_encoded_len(bytes.count, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)
        return [UInt8](unsafeUninitializedCapacity: size) { output, initialized in
            output.withMemoryRebound(to: CChar.self) { output in
                guard let base = output.baseAddress else { return }
                sodium_bin2base64(base, size, bytes, bytes.count, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)
            }
            // Without the NUL.
            initialized = size - 1
        }
    }

    /// - Parameter padded: with `=` to a multiple of four, as in armor; else without any.
    /// - Returns: nil for anything but the canonical form.
    static func bytes(_ text: UnsafeRawBufferPointer, padded: Bool = false) -> [UInt8]? {
        guard text.count > 0, let characters = text.baseAddress?.assumingMemoryBound(to: CChar.self) else { return [] }
        // libsodium 1.0.18 takes '+' and '/' with their highest bit set for '+' and '/'.
        guard text.allSatisfy({ $0 < 0x80 }) else { return nil }
        let variant = padded ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING
        let room = text.count / 4 * 3 + 3
        var status: Int32 = -1
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { output, initialized in
            guard let base = output.baseAddress else { return }
            // Refuses other characters, spare bits that are set, and what is too much or too little of padding.
            status = sodium_base642bin(base, room, characters, text.count, nil, &initialized, nil, variant)
            if status != 0 { initialized = 0 }
        }
        return status == 0 ? bytes : nil
    }

    static func bytes(_ text: some Sequence<UInt8>) -> [UInt8]? {
        Array(text).withUnsafeBytes { bytes($0) }
    }
}
