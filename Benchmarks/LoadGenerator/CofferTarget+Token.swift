import CofferWire

// The live token of a credential that is called as the key.
extension CofferTarget {
    /// The longest answer: the fixed numbers, a lease, kind, name and a token as the measuring script makes them, with room.
    static let tokenSize = 3 * 8 + 1 + Limits.lease + 2 + Limits.tokenKind + 2 + Limits.otherName + 4 + 4_096

    /// Names what is wrong with an answer, if anything: it must be a token of the credential that was asked for. Reads in place.
    @inline(__always)
    func wrongToken(_ answer: UnsafeRawBufferPointer, _ key: UInt64) -> String? {
        var decoder = WireDecoder(answer)
        do throws(WireError) {
            guard try decoder.u16("error") == ErrorCode.ok.rawValue else { return failureName(answer) }
            _ = try decoder.slice("numbers", count: 3 * 8)
            _ = try decoder.slice8("lease", limit: Limits.lease)
            _ = try decoder.slice16("kind", limit: Limits.tokenKind)
            let name = try decoder.slice16("name", limit: Limits.otherName)
            let value = try decoder.slice32("value", limit: Limits.token)
            try decoder.finish()
            // The token is the name of its credential.
            return Name.belongs(to: key, name) && Name.belongs(to: key, UnsafeRawBufferPointer(rebasing: value.prefix(Name.size)))
                ? nil : "the token of another credential"
        } catch {
            return "\(error)"
        }
    }
}
