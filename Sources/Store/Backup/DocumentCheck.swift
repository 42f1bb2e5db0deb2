/// Judges the documents of a backup. The store carries their bytes without understanding them; who reads them afterwards would stop at one
/// that it cannot read.
public struct DocumentCheck: Sendable {
    /// - Throws: `damaged`, `unknown-format`: why the document cannot be read, without its content.
    public typealias Judge = @Sendable (DocumentTable, DocumentName, SecretBuffer) throws(StoreError) -> Void

    private let judge: Judge

    public init(_ judge: @escaping Judge) { self.judge = judge }

    /// - Throws: what the judge says, with table and name.
    func check(_ document: BackupDocument) throws(StoreError) {
        do throws(StoreError) {
            try judge(document.table, document.name, document.bytes)
        } catch {
            let name = Name.printable(document.name.bytes)
            throw StoreError(error.code, "'\(name)' of \(Table(document.table).name) cannot be used by this version: \(error.message)")
        }
    }
}
