@testable import CofferDaemon
import CofferStore
import FuzzSupport

/// Input: a letter that chooses what is read, then a stream of frames from `accept` on, policies, or a configuration file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.run(start, count) { bytes in
        var input = InputReader(bytes)
        switch input.byte() {
        case UInt8(ascii: "h"): ConnectionStory.check(input.rest())
        case UInt8(ascii: "p"): checkPolicies(input.rest())
        case UInt8(ascii: "c"): checkConfiguration(input.rest())
        default: break
        }
    }
}

/// Nobody's accounts: what a machine has must not decide what is found.
private struct NoAccounts: AccountDirectory {
    func account(named name: String) throws(AccountDirectoryError) -> UInt32? { name == "nobody" ? 65_534 : nil }
    func group(named name: String) throws(AccountDirectoryError) -> UInt32? { nil }
    func groups(ofAccount uid: UInt32) throws(AccountDirectoryError) -> AccountGroups? { nil }
}

/// A policy that was read is stored and read again as the same; its own text gives the same policy.
private func checkPolicies(_ bytes: [UInt8]) {
    let parse = { (text: [UInt8]) in PolicySource.parse(text, directory: NoAccounts(), tenant: { $0 == "main" ? .main : nil }) }
    switch parse(bytes) {
    case .failure(let errors):
        Harness.check(!errors.description.isEmpty, "a file is refused without a word")
    case .success(let policies):
        Harness.check(!policies.isEmpty, "a file without a policy is taken")
        for policy in policies {
            let stored = policy.stored
            Harness.check((try? StoredPolicy(decoding: stored.encode())) == stored, "a policy is another after it was stored")
            let source = Plant.spoils ? stored.source + Array("x".utf8) : stored.source
            guard case .success(let again) = parse(source), again.count == 1, let first = again.first else {
                return Harness.check(false, "a policy's own text is no policy")
            }
            Harness.check(first.stored == stored, "a policy's own text is another policy")
        }
    }
}

/// A file is taken or refused with lines; the same text twice is the same. Aliases are the owner's own affair: a bomb of them only takes time.
private func checkConfiguration(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(UInt8(ascii: "*")), bytes.count <= 2_048 else { return }
    do throws(ConfigurationErrors) {
        let file = try ConfigurationFile.parse(text, path: "f")
        let again = try? ConfigurationFile.parse(text, path: "f")
        Harness.check(again?.values == file.values, "the same text gives other settings")
    } catch {
        Harness.check(!error.messages.isEmpty && error.messages.allSatisfy { $0.hasPrefix("f") }, "a message does not say where")
    }
}
