/// Which addresses a call may connect to.
///
/// Link-local and metadata addresses, `0.0.0.0/8`, multicast and broadcast are refused, loopback where the URL does not
/// name it itself; ``allowed`` makes exceptions. The connected address counts, whatever name or number led to it.
public struct AddressRules: Equatable, Sendable {
    /// Networks in CIDR form, or single addresses.
    public let allowed: [String]
    private let ranges: [AddressRange]

    /// No exceptions.
    public static let standard = AddressRules()

    public init() {
        allowed = []
        ranges = []
    }

    /// - Throws: names the first that is not a network.
    public init(allowed: [String]) throws(ProviderError) {
        var ranges: [AddressRange] = []
        for text in allowed {
            guard let range = AddressRange(text) else {
                throw ProviderError("allowed", "'\(ProviderText.short(text))' is not a network such as 10.0.0.0/8 or fd00::/8")
            }
            ranges.append(range)
        }
        self.allowed = allowed
        self.ranges = ranges
    }

    /// Whether a call may connect there.
    /// - Parameter namesLoopback: the URL names a loopback address (or the address is a proxy's, which may be local).
    func allows(_ address: IPAddress, namesLoopback: Bool) -> Bool {
        if ranges.contains(where: { $0.contains(address) }) { return true }
        if address.isForbidden { return false }
        return !address.isLoopback || namesLoopback
    }
}
