import CofferClient
import CofferStore
import Foundation
import Testing

@testable import CofferDaemon

/// A store with a document that no service can read lets nobody in; administrators put it right.
@Suite struct RescueTests {
    @Test func administratorsRestoreWhatCannotBeRead() async throws {
        // Paths of sockets are short.
        let folder = "/tmp/coffer-rescue-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = RunningDaemon.settings(in: folder)
        let socket = settings.socket
        let lines = try await RunningDaemon.run(settings) {
            let client = try RunningDaemon.client(socket)
            try await client.put("kept", value: SecretBytes(utf8: "1"))
            return try await Self.lines(client)
        }
        try plant(settings)
        try await RunningDaemon.run(settings) {
            let client = try RunningDaemon.client(socket)
            let refused = await #expect(throws: ClientError.self) {
                try await client.put("more", value: SecretBytes(utf8: "1"))
            }
            #expect(refused?.code == .failed)
            // It can be saved as it is, looked at, and put right.
            #expect(try await Self.lines(client).count > lines.count)
            try await client.scrubStart()
            var upload = client.restore(RestoreRequest(mode: .replace, only: [], discardNewer: true, dryRun: false))
            try await upload.send(SecretBytes(lines))
            let response = try await upload.finish()
            #expect(response.digest == response.backup.digest)
            try await client.put("more", value: SecretBytes(utf8: "1"))
            #expect(try await client.get("kept").value.withUnsafeBytes { Array($0) } == Array("1".utf8))
        }
    }

    private static func lines(_ client: CofferClient) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try await client.backup { piece, _, _ in bytes += piece }
        return bytes
    }

    /// A user whose name is empty: as bytes it is well formed.
    private func plant(_ settings: Settings) throws {
        let store = try Store.open(at: settings.store)
        defer { store.close() }
        try store.unlock(.keyFile(try KeyFile.read(settings.keyFile)))
        var bytes: [UInt8] = [1]
        func number(_ value: UInt64) { bytes += withUnsafeBytes(of: value.bigEndian) { Array($0) } }
        number(5)
        bytes += [0, 0, 0, 0, 0, 0, 1, 1]
        number(1)
        bytes += [0, 0]
        number(0)
        bytes += [0, 0, 0]
        number(1)
        number(1)
        _ = try store.commit(Batch(
            principal: "test", mutations: [.putDocument(.users, try DocumentName("5".utf8), SecretBuffer(bytes), expected: .any)]))
    }
}
