import Dispatch

/// Runs what waits for the disk beside the threads that serve.
enum DiskWork {
    private static let queue = DispatchQueue(label: "coffer.http.disk", attributes: .concurrent)

    static func run<Value: Sendable, Problem: Error>(
        _ job: @escaping @Sendable () throws(Problem) -> Value
    ) async throws(Problem) -> Value {
        let result: Result<Value, Problem> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(Problem) { continuation.resume(returning: .success(try job())) } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
