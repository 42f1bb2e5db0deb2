/// One answer, as the generator sees it.
enum Parsed {
    case incomplete
    /// `tag` is what the request carried back (its slot), or -1 where answers come in the order of requests.
    case good(tag: Int, consumed: Int)
    /// An answer that says no, or another answer than the request has. `what` names it.
    case bad(tag: Int, consumed: Int, what: String)
    /// Bytes that cannot be followed any further.
    case broken(String)
}

/// What a request asks for. `verify` and `token` are only CofferTarget's.
enum Kind: UInt8 { case get, put, verify, token }

/// What differs between the two servers: how a request is written and how an answer is read.
/// `writeRequest` and `parse` allocate nothing, save for the name of an error.
protocol Target: AnyObject {
    /// Whether answers come in the order of requests. Where not, each carries its request's slot.
    static var answersInOrder: Bool { get }
    /// The longest request, in bytes.
    var longestRequest: Int { get }
    /// The longest answer that is no error, in bytes.
    var longestAnswer: Int { get }
    /// Greets the server on a new, blocking socket.
    func greet(_ fd: Int32)
    /// Writes a request; returns its length.
    func writeRequest(_ kind: Kind, key: UInt64, slot: Int, at out: UnsafeMutableRawPointer) -> Int
    /// Looks at the beginning of `buffer`. `expected` tells what slot a tag (or -1: the oldest) stands for.
    func parse(_ buffer: UnsafeRawBufferPointer, expected: (Int) -> (kind: Kind, key: UInt64)?) -> Parsed
}

/// Names of 40 bytes: `bench/` and 34 digits.
enum Name {
    static let size = 40
    /// The digits that are ever written; those before them stay zero.
    static let digits = 12
    static var template: [UInt8] { Array("bench/".utf8) + [UInt8](repeating: 0x30, count: size - 6) }
    static var templateText: String { String(decoding: template, as: UTF8.self) }
    /// What all names begin with.
    static let fixed = Array(template.prefix(size - digits))

    /// Whether these bytes are the key's name, and no more than that.
    @inline(__always)
    static func belongs(to key: UInt64, _ name: UnsafeRawBufferPointer) -> Bool {
        guard name.count == size, name.prefix(fixed.count).elementsEqual(fixed) else { return false }
        var number: UInt64 = 0
        for digit in name[(size - digits)...] { number = number &* 10 &+ UInt64(digit &- 0x30) }
        return number == key
    }

    @inline(__always)
    static func write(_ key: UInt64, at name: UnsafeMutableRawPointer) {
        var rest = key
        var at = size - 1
        while at >= size - digits {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            name.storeBytes(of: UInt8(truncatingIfNeeded: digit) &+ 0x30, toByteOffset: at, as: UInt8.self)
            rest = quotient
            at -= 1
        }
    }
}

/// Values: the key's number in eight bytes, then letters. So an answer that belongs to another key is noticed.
enum Value {
    static func template(_ size: Int) -> [UInt8] { (0..<size).map { UInt8(0x61 + $0 % 26) } }

    @inline(__always)
    static func stamp(_ key: UInt64, at value: UnsafeMutableRawPointer, size: Int) {
        if size >= 8 { value.storeBytes(of: key, as: UInt64.self) }
    }

    @inline(__always)
    static func belongs(to key: UInt64, _ value: UnsafeRawPointer, size: Int) -> Bool {
        size < 8 || value.loadUnaligned(as: UInt64.self) == key
    }
}

/// A request's bytes, of which only the name's digits, the value's stamp and (Coffer) the id change.
final class Template {
    let bytes: UnsafeMutableRawBufferPointer
    let nameAt: Int
    let valueAt: Int

    init(_ source: [UInt8], valueSize: Int, valueFromEnd: Int = 0) {
        bytes = .allocate(byteCount: source.count, alignment: 16)
        bytes.copyBytes(from: source)
        // Found once by its fixed beginning, so that no offset of the protocol is repeated here.
        guard let at = (0...(source.count - Name.size)).first(where: { Array(source[$0..<($0 + Name.fixed.count)]) == Name.fixed })
        else { fail("a request without its name") }
        nameAt = at
        valueAt = source.count - valueSize - valueFromEnd
    }

    @inline(__always)
    func write(key: UInt64, valueSize: Int, at out: UnsafeMutableRawPointer) -> Int {
        out.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        Name.write(key, at: out + nameAt)
        Value.stamp(key, at: out + valueAt, size: valueSize)
        return bytes.count
    }
}
