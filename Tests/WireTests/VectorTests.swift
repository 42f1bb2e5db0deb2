import CofferWire
import Foundation
import Testing

/// What a receiver makes of bytes: the frame, then the body. The words are those of the vectors.
func verdict(on bytes: [UInt8], from direction: Direction, limit: Int) -> (expect: Vector.Expectation, message: String?, used: Int) {
    switch bytes.withUnsafeBytes({ FrameScan.scan($0, limit: limit) }) {
    case .incomplete(let needed): return (.incomplete(needed), nil, 0)
    case .malformed(let error): return (.frame(error.description), nil, 0)
    case .frame(let header, let body):
        switch Registry.lookup(header, from: direction) {
        case .unknownOperation: return (.unknownOperation, nil, body.upperBound)
        case .unexpected: return (.unexpected, nil, body.upperBound)
        case .codec(let codec):
            do throws(WireError) {
                let again = try codec.recode(Array(bytes[body]))
                guard again == Array(bytes[body]) else { return (.body("encodes to other bytes"), codec.name, body.upperBound) }
                return (.accept, codec.name, body.upperBound)
            } catch {
                return (.body(error.description), codec.name, body.upperBound)
            }
        }
    }
}

struct VectorTests {
    @Test("the files are those that the writer writes")
    func filesAreCurrent() throws {
        let files = Dictionary(uniqueKeysWithValues: (Vector.valid + Vector.invalid).map { ($0.name, $0) })
        let cases = ValidCases.all + InvalidCases.all
        #expect(Set(files.keys) == Set(cases.map(\.name)))
        #expect(files.count == cases.count)
        for expected in cases {
            let file = try #require(files[expected.name])
            #expect(file.bytes == expected.bytes && file.expect == expected.expect, "\(expected.name)")
            #expect(file.message == expected.message && file.direction == expected.direction && file.limit == expected.limit)
            let text = try String(contentsOf: Vector.root.appending(path: "\(expected.folder)/\(expected.name).txt"), encoding: .utf8)
            #expect(text == expected.text, "\(expected.name)")
        }
    }

    @Test("whole", arguments: Vector.valid + Vector.invalid)
    func whole(_ vector: Vector) {
        let result = verdict(on: vector.bytes, from: vector.direction, limit: vector.limit)
        #expect(result.expect == vector.expect)
        #expect(result.message == vector.message)
    }

    @Test("byte by byte", arguments: Vector.valid + Vector.invalid)
    func byteByByte(_ vector: Vector) {
        let complete = verdict(on: vector.bytes, from: vector.direction, limit: vector.limit)
        vector.bytes.withUnsafeBytes { bytes in
            // Each beginning of a large frame would take too long; behind the header nothing is looked at.
            for count in 0..<bytes.count where count < 8_192 || count > bytes.count - 8_192 {
                let scan = FrameScan.scan(UnsafeRawBufferPointer(rebasing: bytes[..<count]), limit: vector.limit)
                switch scan {
                case .incomplete(let needed):
                    #expect(needed > count)
                    if case .incomplete(let last) = complete.expect { #expect(needed <= last) }
                    if complete.used > 0 { #expect(needed <= complete.used) }
                case .malformed(let error):
                    #expect(complete.expect == .frame(error.description))
                case .frame:
                    Issue.record("a frame of \(count) bytes before its end")
                }
            }
        }
    }

    @Test("twice in a row", arguments: Vector.valid)
    func doubled(_ vector: Vector) {
        let bytes = vector.bytes + vector.bytes
        for start in [0, vector.bytes.count] {
            let result = verdict(on: Array(bytes[start...]), from: vector.direction, limit: vector.limit)
            #expect(result.expect == .accept)
            #expect(result.used == vector.bytes.count)
        }
    }

    /// One encoding of each message: no beginning of a body is a body, and nothing may follow it.
    @Test("no body is the beginning of another", arguments: Vector.valid)
    func prefixes(_ vector: Vector) throws {
        guard case .frame(let header, let range) = vector.bytes.withUnsafeBytes({ FrameScan.scan($0, limit: vector.limit) }),
            case .codec(let codec) = Registry.lookup(header, from: vector.direction)
        else { return }
        let body = Array(vector.bytes[range])
        for count in 0..<body.count where count < 1_024 || count > body.count - 64 {
            let error = #expect(throws: WireError.self) { _ = try codec.recode(Array(body.prefix(count))) }
            #expect(error?.description.hasSuffix("the body ends inside a field") == true, "\(count): \(String(describing: error))")
        }
        let error = #expect(throws: WireError.self) { _ = try codec.recode(body + [0]) }
        #expect(error == .trailingBytes)
    }

    /// Every operation, every kind, both ways, has at least one vector; so has every error.
    @Test func coverage() {
        let covered = Set(Vector.valid.compactMap(\.message))
        for direction in Direction.allCases {
            for kind in FrameKind.allCases {
                for number in CofferWire.Operation.allCases.map(\.rawValue) + [0x7FFF] {
                    let header = FrameHeader(kind: kind, operation: number, requestID: 1)
                    guard case .codec(let codec) = Registry.lookup(header, from: direction) else { continue }
                    #expect(covered.contains(codec.name), "no vector: \(codec.name)")
                }
            }
        }
        #expect(covered.contains("connection end"))
        for code in ErrorCode.allCases where code != .ok {
            #expect(Vector.valid.contains { $0.name == "failure-\(code)" })
        }
    }
}
