import CofferWire

/// Whoever has the files of the scheduled backups, and can open them again.
public protocol BackupVerifying: Sendable {
    /// - Parameter file: as ``CofferClient/scheduledBackups(timeout:)`` names it.
    /// - Returns: what is known of it now, and why it cannot be restored; `nil`: it can.
    /// - Throws: `notFound`; `conflict` where there is no identity to open it with; `busy`, `failed`, `draining`.
    func verify(_ file: String) async throws(Failure) -> (ScheduledBackup, String?)
}
