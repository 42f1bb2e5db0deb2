import Glibc

/// The addresses that an API key may come from, as new-api's gateway understands them: one on a line, blanks and commas do
/// not count, each an address or a network.
enum LegacyAddresses {
    /// One on a line; empty: from everywhere.
    /// - Throws: a refusal where one of them is neither, or where the text has something but no address: left out, the key would
    ///   be open to everybody.
    static func lines(_ column: String, _ text: String) throws(RowProblem) -> String {
        var addresses: [String] = []
        for line in text.utf8.split(whereSeparator: { $0 == .lineFeed }) {
            let address = String(decoding: line.filter { !($0 <= 0x20 || $0 == UInt8(ascii: ",")) }, as: UTF8.self)
            guard !address.isEmpty else { continue }
            guard isAddress(address) || isNetwork(address) else {
                throw .refused("\(column): '\(FormatError.short(address))' is neither an address nor a network")
            }
            addresses.append(address)
        }
        guard !addresses.isEmpty || text.utf8.allSatisfy({ $0 <= 0x20 }) else {
            throw .refused("\(column) is not empty, but has no address")
        }
        return addresses.joined(separator: "\n")
    }

    private static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, isAddress(String(parts[0])) else { return false }
        let digits = parts[1].utf8
        // No sign and no leading zero.
        guard (1...3).contains(digits.count), digits.allSatisfy(\.isDigit), digits.count == 1 || digits.first != UInt8(ascii: "0"),
            let length = Int(parts[1])
        else { return false }
        return length <= (parts[0].contains(":") ? 128 : 32)
    }

    private static func isAddress(_ text: String) -> Bool {
        var address = in6_addr()
        // A zero byte would end the text early.
        guard !text.utf8.contains(0) else { return false }
        return inet_pton(text.contains(":") ? AF_INET6 : AF_INET, text, &address) == 1
    }
}
