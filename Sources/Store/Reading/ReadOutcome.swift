/// What reading a value came to. No case allocates but `failure`.
public enum ReadOutcome {
    public struct Value {
        public var version: UInt64
        /// The revision that wrote this version.
        public var revision: UInt64
        /// Unix milliseconds; 0: never.
        public var expires: UInt64
        /// The value lies at the beginning of the output …
        public var valueLength: Int
        /// … and the content type right behind it.
        public var contentTypeLength: Int
        /// All plaintext bytes that were written, the rest of the trailer included: the caller overwrites or wipes them.
        public var writtenLength: Int
    }

    case value(Value)
    /// The output must have at least so many bytes.
    case tooSmall(needed: Int)
    /// Not in index and map: only the list worker can tell `not-found` from `damaged` (``StoreWorker/confirmMissing(tenant:name:)``).
    case missing
    case deleted
    case expired
    /// The name exists, this version does not (or none is active).
    case versionNotFound
    case failure(StoreError)
}
