import CofferWire

// The verdict on an API key whose name is its readable form.
extension CofferTarget {
    /// Names what is wrong with a verdict, if anything: it must be good, and that of the key which was asked for. Reads in place.
    @inline(__always)
    func wrongVerdict(_ answer: UnsafeRawBufferPointer, _ key: UInt64) -> String? {
        var decoder = WireDecoder(answer)
        do throws(WireError) {
            guard try decoder.u16("error") == ErrorCode.ok.rawValue else { return failureName(answer) }
            let numbers = try decoder.slice("numbers", count: VerifyResponse.fixedSize)
            _ = try decoder.slice16("tenant", limit: Limits.otherName)
            _ = try decoder.slice16("owner", limit: Limits.otherName)
            let name = try decoder.slice16("name", limit: Limits.label)
            _ = try decoder.slice16("group", limit: Limits.otherName)
            try decoder.finish()
            // The reason stands first.
            guard numbers[0] == 0 else { return "refused with reason \(numbers[0])" }
            return Name.belongs(to: key, name) ? nil : "the verdict on another key"
        } catch {
            return "\(error)"
        }
    }
}
