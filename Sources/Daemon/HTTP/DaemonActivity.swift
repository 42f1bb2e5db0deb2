import CofferAdmin
import CofferCredentials
import CofferHTTP

/// What the daemon has done, for the page's plots.
struct DaemonActivity: ActivitySource {
    let http: HTTPMeters
    let socket: RequestMeter
    let credentials: Credentials

    func totals() async -> ActivityTotals {
        let (requests, refused) = http.totals()
        let (asked, denied) = socket.totals
        var totals = ActivityTotals(requests: requests + asked, refused: refused + denied)
        guard !credentials.isLocked else { return totals }
        let counters = credentials.tokens.counters()
        (totals.refreshed, totals.failed) = (counters.renewed, counters.failed)
        return totals
    }
}
