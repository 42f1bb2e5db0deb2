@testable import CofferHTTP
import FuzzSupport
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// Input: four lengths of pieces, then what a client sends. Its limits are small, so that inputs reach them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.run(start, count) { bytes in
        var input = InputReader(bytes)
        let lengths = input.take(4)
        let stream = input.rest()
        let whole = outcome([stream[...]], answersAtOnce: true)
        var cut = outcome(stream.pieces(lengths), answersAtOnce: false)
        if Plant.spoils { cut.requests.append(Outcome.Request()) }
        Harness.check(cut == whole, "the same bytes in other pieces are other requests")
    }
}

private let limits = {
    var limits = HTTPLimits()
    limits.maxLine = 96
    limits.maxHead = 256
    limits.maxFields = 8
    limits.maxBody = 64
    return limits
}()

/// The handlers of `DoorChannel` with the sink in the connection's place.
private func outcome(_ pieces: [ArraySlice<UInt8>], answersAtOnce: Bool) -> Outcome {
    var parserLimits = NIOHTTPDecoderLimitConfiguration()
    parserLimits.maxHeaderFieldSize = limits.maxHead + limits.maxLine * 3
    parserLimits.maxHeaderListSize = limits.maxHead + limits.maxLine * 3
    parserLimits.maxHeaderFieldCount = limits.maxFields
    let gate = RequestGate(limits: limits)
    guard let witness = Witness(gate, limits) else { fatalError("the harness cannot set a door up") }
    let tap = LineTap()
    let sink = RequestSink(limits: limits, gate: gate, tap: tap, answersAtOnce: answersAtOnce)
    let parser = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: parserLimits)
    let channel = EmbeddedChannel()
    do {
        try channel.pipeline.syncOperations.addHandlers([gate, tap, ByteToMessageHandler(parser), sink])
        for piece in pieces {
            try channel.writeInbound(ByteBuffer(bytes: piece))
            while sink.isAnswering { sink.answered() }
        }
        var outcome = sink.outcome
        outcome.isRefused = outcome.isRefused || witness.hasRefused
        _ = try channel.finish(acceptAlreadyClosed: true)
        return outcome
    } catch {
        fatalError("the harness found: an error left the pipeline: \(error)")
    }
}
