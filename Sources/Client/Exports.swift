// The answers of the daemon (`InfoResponse`, `StatusResponse`, `Position`, …) are the client's results as well:
// whoever imports CofferClient sees them.
@_exported import CofferWire
