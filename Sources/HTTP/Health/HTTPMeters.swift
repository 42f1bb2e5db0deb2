import Synchronization

/// Counts the requests of every door, by class of status and by duration.
public final class HTTPMeters: Sendable {
    public init() {}

    private struct Counts {
        /// 2xx to 5xx; others do not occur.
        var classes = [UInt64](repeating: 0, count: 4)
        /// One for each bound, and one for what is slower; not cumulated.
        var buckets = [UInt64](repeating: 0, count: HTTPMeters.bounds.count + 1)
        var nanoseconds: UInt64 = 0
    }

    /// Upper bounds in milliseconds.
    private static let bounds = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000]
    private let doors = Mutex<[String: Counts]>([:])

    func record(door: String, status: Int, nanoseconds: Int64) {
        let bucket = Self.bounds.firstIndex { nanoseconds <= Int64($0) * 1_000_000 } ?? Self.bounds.count
        doors.withLock { doors in
            doors[door, default: Counts()].classes[min(max(status / 100, 2), 5) - 2] += 1
            doors[door, default: Counts()].buckets[bucket] += 1
            doors[door, default: Counts()].nanoseconds += UInt64(max(nanoseconds, 0))
        }
    }

    /// All doors together: requests, and those that were answered 4xx or 5xx.
    public func totals() -> (requests: UInt64, refused: UInt64) {
        doors.withLock { doors in
            doors.values.reduce((0, 0)) { sums, counts in
                (sums.0 + counts.classes.reduce(0, +), sums.1 + counts.classes[2] + counts.classes[3])
            }
        }
    }

    func write(to text: inout PrometheusText) {
        let doors = doors.withLock { $0 }.sorted { $0.key < $1.key }
        text.header(name: "coffer_http_requests_total", help: "Requests answered, by door and class of status.", kind: "counter")
        for (door, counts) in doors {
            for (index, count) in counts.classes.enumerated() where count > 0 {
                text.line("coffer_http_requests_total", labels: [("door", door), ("code", "\(index + 2)xx")], value: Double(count))
            }
        }
        text.header(name: "coffer_http_request_seconds", help: "From the end of a request's head to its answer.", kind: "histogram")
        for (door, counts) in doors {
            var sum: UInt64 = 0
            for (index, count) in counts.buckets.enumerated() {
                sum += count
                let bound = index < Self.bounds.count ? PrometheusText.number(Double(Self.bounds[index]) / 1_000) : "+Inf"
                text.line("coffer_http_request_seconds_bucket", labels: [("door", door), ("le", bound)], value: Double(sum))
            }
            text.line("coffer_http_request_seconds_sum", labels: [("door", door)], value: Double(counts.nanoseconds) / 1e9)
            text.line("coffer_http_request_seconds_count", labels: [("door", door)], value: Double(sum))
        }
    }
}
