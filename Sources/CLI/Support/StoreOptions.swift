import CofferStore

extension Store.Options {
    /// What this command opens a stopped store with: its file is looked at first, by a child, so that a damaged one is an error and not the
    /// end of the process.
    static var examining: Store.Options {
        var options = Store.Options()
        options.examiner = StoreExaminer()
        // What a change of keys has left to do is its daemon's.
        options.rekey.isAutomatic = false
        return options
    }
}
