import CofferWire
import Testing

@testable import CofferDaemon

/// protocol.md, "The connection" and "Requests": what each frame means in each phase.
@Suite struct ConnectionRulesTests {
    private func header(_ kind: FrameKind, _ operation: UInt16, _ id: UInt32) -> FrameHeader {
        FrameHeader(kind: kind, operation: operation, requestID: id)
    }

    private func open() -> ConnectionRules {
        var rules = ConnectionRules()
        rules.greeted()
        rules.confirmed()
        return rules
    }

    private func isFailure(_ verdict: ConnectionRules.Verdict, _ code: ErrorCode = .unexpected) -> Bool {
        if case .fail(code, _) = verdict { true } else { false }
    }

    @Test func onlyHelloComesFirst() {
        let rules = ConnectionRules()
        #expect(rules.judge(header(.request, Operation.hello.rawValue, 1), unfinished: nil) == .hello)
        for operation in Operation.allCases where operation != .hello {
            #expect(isFailure(rules.judge(header(.request, operation.rawValue, 1), unfinished: nil)))
        }
        for kind in FrameKind.allCases where kind != .request {
            #expect(isFailure(rules.judge(header(kind, Operation.hello.rawValue, 1), unfinished: nil)))
        }
    }

    @Test func onlyConfirmComesSecond() {
        var rules = ConnectionRules()
        rules.greeted()
        #expect(rules.judge(header(.request, Operation.confirm.rawValue, 9), unfinished: nil) == .confirm)
        for operation in Operation.allCases where operation != .confirm {
            #expect(isFailure(rules.judge(header(.request, operation.rawValue, 1), unfinished: nil)))
        }
    }

    @Test func limitsOfFramesGrowWithTheHandshake() {
        var rules = ConnectionRules()
        #expect(rules.frameLimit == 4_096)
        rules.greeted()
        #expect(rules.frameLimit == 4_096)
        rules.confirmed()
        #expect(rules.frameLimit == 1_114_112)
    }

    @Test func openTakesEveryOtherOperation() {
        let rules = open()
        for operation in Operation.allCases where operation != .hello && operation != .confirm {
            #expect(rules.judge(header(.request, operation.rawValue, 7), unfinished: nil) == .begin(operation))
        }
        #expect(isFailure(rules.judge(header(.request, Operation.hello.rawValue, 7), unfinished: nil)))
        #expect(rules.judge(header(.request, 0xFFFF, 7), unfinished: nil) == .unknown)
    }

    @Test func idsAreNeverZeroAndNeverTwice() {
        let rules = open()
        #expect(isFailure(rules.judge(header(.request, Operation.get.rawValue, 0), unfinished: nil)))
        #expect(isFailure(rules.judge(header(.request, Operation.get.rawValue, 3), unfinished: .single(Operation.put.rawValue))))
    }

    @Test func serverKindsAreRefused() {
        let rules = open()
        for kind in [FrameKind.response, .event] {
            #expect(isFailure(rules.judge(header(kind, Operation.get.rawValue, 3), unfinished: nil)))
        }
    }

    @Test func lateFramesAreIgnored() {
        let rules = open()
        for kind in [FrameKind.cancel, .credit, .chunk, .end] {
            #expect(rules.judge(header(kind, Operation.list.rawValue, 3), unfinished: nil) == .ignore)
        }
    }

    @Test func controlFramesFitTheirOperation() {
        let rules = open()
        let (list, put, bring) = (Operation.list.rawValue, Operation.put.rawValue, Operation.import.rawValue)
        #expect(rules.judge(header(.cancel, put, 3), unfinished: .single(put)) == .cancel)
        #expect(isFailure(rules.judge(header(.credit, put, 3), unfinished: .single(put))))
        #expect(rules.judge(header(.credit, list, 3), unfinished: .down(list)) == .credit)
        #expect(isFailure(rules.judge(header(.chunk, list, 3), unfinished: .down(list))))
        #expect(rules.judge(header(.chunk, bring, 3), unfinished: .up(bring, credit: 1)) == .chunk)
        #expect(isFailure(rules.judge(header(.chunk, bring, 3), unfinished: .up(bring, credit: 0))))
        #expect(rules.judge(header(.end, bring, 3), unfinished: .up(bring, credit: 0)) == .end)
        #expect(isFailure(rules.judge(header(.end, bring, 3), unfinished: .finishing(bring))))
        #expect(rules.judge(header(.cancel, bring, 3), unfinished: .finishing(bring)) == .cancel)
        #expect(isFailure(rules.judge(header(.cancel, list, 3), unfinished: .single(put))))
    }

    @Test func nothingIsReadBehindTheEnd() {
        var rules = open()
        rules.close()
        #expect(rules.judge(header(.request, Operation.get.rawValue, 1), unfinished: nil) == .ignore)
    }
}
