/// Whether the caller may still do what was asked, to the record as it is now.
///
/// Between the first look and the change lie the queue, and for passwords a slow hash: by then the record may have another name, or its
/// user another role. What counts is what is judged on the change queue, where nothing moves before the commit.
public typealias Permission<Record> = @Sendable (Record) -> Bool

extension AccountError {
    /// - Throws: `denied`, in words that do not tell a record that is not the caller's from one that is not there.
    static func require<Record>(_ isAllowed: Permission<Record>, _ record: Record) throws(AccountError) {
        guard isAllowed(record) else { throw AccountError(.denied, "", "no policy allows this, or there is no such name") }
    }
}
