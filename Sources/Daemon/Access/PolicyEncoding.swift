import CofferStore

// Version 1, all integers little-endian, a text or list is its length (u32) and then its bytes or elements:
//
//     "CPOL" ‖ version u8 ‖ name text ‖ source text ‖ rules list
//     rule:      who list of (list of selector) ‖ tenant u64 ‖ noun u8 ‖ actions list of u8 ‖ names list of text
//     selector:  kind u8 ‖ number u32 (kinds 1, 2), nothing (kind 9) or text (all others)
//
// Every number is bounded by what is left of the bytes, so damaged lengths cost nothing.

private let magic = Array("CPOL".utf8)
private let version: UInt8 = 1

extension StoredPolicy {
    public func encode() -> [UInt8] {
        var writer = PolicyWriter()
        writer.bytes = magic + [version]
        writer.text(name)
        writer.text(source)
        writer.list(rules) { writer, rule in
            writer.list(rule.who) { $0.list($1) { $0.selector($1) } }
            writer.integer(rule.tenant)
            writer.bytes.append(rule.noun.code)
            writer.list(rule.actions) { $0.bytes.append($1.code) }
            writer.list(rule.names) { $0.text($1.bytes) }
        }
        return writer.bytes
    }

    /// - Throws: ``StoredPolicyError``.
    public init(decoding bytes: [UInt8]) throws(StoredPolicyError) {
        var reader = PolicyDecoder(bytes: bytes[...])
        guard bytes.starts(with: magic) else { throw .notAPolicy }
        reader.bytes = bytes.dropFirst(magic.count)
        let found: UInt8 = try reader.integer()
        guard found == version else { throw .unknownVersion(found) }
        name = try reader.text()
        do { _ = try DocumentName(name) } catch { throw .badField("name") }
        source = try reader.text()
        rules = try reader.list { reader throws(StoredPolicyError) in try reader.rule() }
        guard reader.bytes.isEmpty else { throw .tooLong }
    }
}

extension ResolvedRule {
    /// The same for two rules that say the same, in whatever order.
    var canonicalBytes: [UInt8] {
        func sorted<T>(_ elements: [T], _ write: (inout PolicyWriter, T) -> Void) -> [[UInt8]] {
            let parts = elements.map { element in
                var writer = PolicyWriter()
                write(&writer, element)
                return writer.bytes
            }
            return Set(parts).sorted { $0.lexicographicallyPrecedes($1) }
        }
        var writer = PolicyWriter()
        writer.list(sorted(who) { $0.list(sorted($1) { $0.selector($1) }) { $0.text($1) } }) { $0.text($1) }
        writer.integer(tenant)
        writer.integer(noun.code)
        writer.list(sorted(actions) { $0.integer($1.code) }) { $0.text($1) }
        writer.list(sorted(names) { $0.text($1.bytes) }) { $0.text($1) }
        return writer.bytes
    }
}

struct PolicyWriter {
    var bytes: [UInt8] = []

    mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func text(_ text: some Collection<UInt8>) {
        integer(UInt32(text.count))
        bytes.append(contentsOf: text)
    }

    mutating func list<T>(_ elements: [T], _ write: (inout PolicyWriter, T) -> Void) {
        integer(UInt32(elements.count))
        for element in elements { write(&self, element) }
    }

    mutating func selector(_ selector: ResolvedSelector) {
        switch selector {
        case .uid(let id): tagged(1); integer(id)
        case .gid(let id): tagged(2); integer(id)
        case .unit(let path): tagged(3); text(path.utf8)
        case .executable(let path): tagged(4); text(path.utf8)
        case .login(let name): tagged(5); text(name.utf8)
        case .role(let name): tagged(6); text(name.utf8)
        case .token(let name): tagged(7); text(name.utf8)
        case .door(let name): tagged(8); text(name.utf8)
        case .any: tagged(9)
        }
    }

    private mutating func tagged(_ kind: UInt8) { bytes.append(kind) }
}

struct PolicyDecoder {
    var bytes: ArraySlice<UInt8>

    mutating func integer<T: FixedWidthInteger>() throws(StoredPolicyError) -> T {
        let size = MemoryLayout<T>.size
        guard bytes.count >= size else { throw .truncated }
        var value: T = 0
        for byte in bytes.prefix(size).reversed() { value = T(truncatingIfNeeded: UInt64(truncatingIfNeeded: value) << 8) | T(byte) }
        bytes = bytes.dropFirst(size)
        return value
    }

    mutating func text() throws(StoredPolicyError) -> [UInt8] {
        let count: UInt32 = try integer()
        guard count <= bytes.count else { throw .truncated }
        let result = Array(bytes.prefix(Int(count)))
        bytes = bytes.dropFirst(Int(count))
        return result
    }

    mutating func list<T>(
        _ read: (inout PolicyDecoder) throws(StoredPolicyError) -> T
    ) throws(StoredPolicyError) -> [T] {
        let count: UInt32 = try integer()
        // No element is shorter than a byte.
        guard count <= bytes.count else { throw .truncated }
        var result: [T] = []
        for _ in 0..<count { result.append(try read(&self)) }
        return result
    }

    mutating func rule() throws(StoredPolicyError) -> ResolvedRule {
        let who = try list { reader throws(StoredPolicyError) in
            try reader.list { reader throws(StoredPolicyError) in try reader.selector() }
        }
        // An empty list of conditions would hold for everybody.
        guard !who.isEmpty, who.allSatisfy({ !$0.isEmpty }) else { throw .badField("who") }
        let tenant: TenantID = try integer()
        guard let noun = Noun(code: try integer()) else { throw .badField("noun") }
        let actions = try list { reader throws(StoredPolicyError) in
            guard let action = Action(code: try reader.integer()), noun.actions.contains(action) else { throw .badField("action") }
            return action
        }
        guard !actions.isEmpty, zip(actions, actions.dropFirst()).allSatisfy({ $0.code < $1.code }) else { throw .badField("actions") }
        let names = try list { reader throws(StoredPolicyError) in
            let pattern = try reader.text()
            do { return try Glob(pattern, noun: noun) } catch { throw .badField("pattern") }
        }
        guard noun.isSingle || !names.isEmpty else { throw .badField("names") }
        return ResolvedRule(who: who, tenant: tenant, noun: noun, actions: actions, names: names)
    }

    mutating func selector() throws(StoredPolicyError) -> ResolvedSelector {
        let kind: UInt8 = try integer()
        switch kind {
        case 1: return .uid(try identifier())
        case 2: return .gid(try identifier())
        case 3: return .unit(try string())
        case 4: return .executable(try string())
        case 5: return .login(try string())
        case 6: return .role(try string())
        case 7: return .token(try string())
        case 8: return .door(try string())
        case 9: return .any
        default: throw .badField("selector")
        }
    }

    /// (uid_t)-1 stands for "unknown" in a principal: a rule that named it would match whoever is unknown.
    private mutating func identifier() throws(StoredPolicyError) -> UInt32 {
        let id: UInt32 = try integer()
        guard id != Principal.unknownID else { throw .badField("selector") }
        return id
    }

    private mutating func string() throws(StoredPolicyError) -> String {
        guard let text = String(validating: try text(), as: UTF8.self), !text.isEmpty else { throw .badField("selector") }
        return text
    }
}
