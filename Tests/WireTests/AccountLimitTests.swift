import CofferWire
import Testing

/// Records and API keys: order of fields, the shortest way of verify, limits.
struct AccountLimitTests {
    @Test("fields are ordered by their bytes; of two with one name the later is kept")
    func order() {
        let record = Record(noun: "user", id: "1", revision: 1, fields: [
            RecordField("b", "1"), RecordField("\u{10000}", "2"), RecordField("a", "3"), RecordField("\u{FF61}", "4"), RecordField("b", "5"),
        ])
        #expect(record.fields.map(\.name) == ["a", "b", "\u{FF61}", "\u{10000}"])
        #expect(record["b"] == "5" && record["c"] == nil)
        let row = AccountRow(noun: "user", fields: [], secrets: [.init("z", [1]), .init("a", [2]), .init("z", [3])])
        #expect(row.secrets == [.init("a", [2]), .init("z", [3])])
    }

    @Test("two names that Swift takes for one stay two")
    func normalisation() throws {
        let fields = [RecordField("\u{E9}", "1"), RecordField("e\u{301}", "2")]
        let request = RecordCreateRequest(noun: "user", fields: fields)
        #expect(request.fields.count == 2)
        let body = request.encoded()
        #expect(try RecordCreateRequest(decoding: body).encoded() == body)
        #expect(Record(noun: "user", id: "1", revision: 1, fields: fields)["e\u{301}"] == "2")
    }

    @Test("the shortest way reads what the message reads", arguments: [[], [192, 0, 2, 7], Array(repeating: 0xFE, count: 16)] as [[UInt8]])
    func slices(_ address: [UInt8]) throws {
        let request = VerifyRequest(key: Array("ck_1".utf8), address: address, model: "größe", cost: 12)
        let body = Request(deadline: 5, request).encoded()
        let found = try body.withUnsafeBytes { bytes -> VerifyRequest in
            var decoder = WireDecoder(bytes)
            #expect(try decoder.u32("deadline") == 5)
            let slices = try VerifyRequest.slices(from: &decoder)
            try decoder.finish()
            return VerifyRequest(
                key: Array(slices.key), address: Array(slices.address), model: String(decoding: slices.model, as: UTF8.self), cost: slices.cost)
        }
        #expect(found == request)
        // And refuses the same.
        for count in 4..<body.count {
            let cut = Array(body.prefix(count))
            #expect(throws: WireError.self) {
                try cut.withUnsafeBytes { bytes in
                    var decoder = WireDecoder(bytes)
                    _ = try decoder.u32("deadline")
                    _ = try VerifyRequest.slices(from: &decoder)
                }
            }
        }
    }

    @Test("the fixed part of a verdict can be written in place")
    func fixedPart() {
        let numbers = VerifyResponse.Numbers(
            reason: .tokensPerDay, scope: .embed, unlimited: true, remaining: -2, expires: -1, retryAfter: 0x0102_0304, number: 0x0506)
        var bytes = [UInt8](repeating: 0xEE, count: VerifyResponse.fixedSize + 1)
        bytes.withUnsafeMutableBytes { buffer in
            if let address = buffer.baseAddress { numbers.write(to: address) }
        }
        let wanted: [UInt8] =
            [11, 1, 1] + [UInt8](repeating: 0xFF, count: 7) + [0xFE] + [UInt8](repeating: 0xFF, count: 8) + [1, 2, 3, 4] + [0, 0, 0, 0, 0, 0, 5, 6]
        #expect(VerifyResponse.fixedSize == 31)
        #expect(bytes == wanted + [0xEE])
        #expect(VerifyResponse(numbers).encoded() == wanted + [UInt8](repeating: 0, count: 8))
        let long = String(repeating: "x", count: 255)
        let largest = VerifyResponse(numbers, tenant: long, owner: long, name: String(repeating: "x", count: 1_024), group: long)
        #expect(largest.encoded().count == VerifyResponse.largestSize)
    }

    @Test("reasons go both ways")
    func reasons() {
        for number in UInt8.min...UInt8.max {
            let reason = VerifyReason(number)
            #expect(reason.number == number)
            #expect((reason == .other(number)) == (number > 13))
        }
    }

    @Test("the limits are those of protocol.md")
    func limits() {
        #expect(Limits.noun == 32 && Limits.recordID == 600)
        #expect(Limits.recordFields == 64 && Limits.recordFieldName == 64 && Limits.recordFieldValue == 524_288)
        #expect(Limits.recordSecret == 65_536 && Limits.recordPage == 1_000 && Limits.recordDeletions == 10_000)
        #expect(Limits.apiKey == 512 && Limits.model == 255 && Limits.requestID == 128)
        #expect(Limits.units == 500_000_000_000_000 && Limits.reservationLifetime == 1_000...86_400_000)
        #expect(Limits.usageLines == 1_000 && Limits.importChunkRows == 1_000 && Limits.importRows == 200_000)
        #expect(Limits.importSource == 32 && Limits.rowOrigin == 128 && Limits.rowSecrets == 16 && Limits.rowSecretName == 32)
        #expect(Limits.importNotes == 2_000 && Limits.importNote == 300)
        #expect(ProtocolFeature.accounts == 1)
    }

    @Test("the largest answers fit a frame")
    func largestAnswers() {
        let end = AccountImportResponse(
            revision: .max, effects: Array(repeating: .refused, count: Limits.importRows),
            notes: Array(repeating: .init(row: .max, text: String(repeating: "n", count: Limits.importNote)), count: Limits.importNotes))
        #expect(2 + end.encoded().count + FrameHeader.countedSize <= Limits.frame)
    }
}
