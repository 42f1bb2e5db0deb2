extension BudgetPlan {
    /// Writes what was planned.
    func write(to transaction: inout SealedTransaction) throws(StoreError) {
        for (name, planned) in budgets where planned.changed {
            let key = BudgetKeys.budget(name, keys: transaction.keys)
            if let budget = planned.value {
                try transaction.put(.budgets, key, budget.encoded())
            } else {
                try transaction.delete(.budgets, key)
            }
        }
        for (key, planned) in lines {
            if let line = planned.value {
                try transaction.put(.usageLines, key, line.encoded())
            } else {
                try transaction.delete(.usageLines, key)
            }
        }
        for planned in reservations.values where planned.changed { try write(planned, to: &transaction) }
        try remember(in: &transaction)
    }

    private func write(_ planned: PlannedReservation, to transaction: inout SealedTransaction) throws(StoreError) {
        let place = BudgetKeys.reservation(planned.stored.id, open: planned.stored.reservation.state == .open, keys: transaction.keys)
        if let before = planned.place, before != place { try transaction.delete(.reservations, before) }
        try transaction.put(.reservations, place, planned.stored.encoded())
    }

    /// Numbers the reservations that ended, and forgets those that are too long ago.
    private func remember(in transaction: inout SealedTransaction) throws(StoreError) {
        guard let planned = counters, var present = planned.value, planned.changed || !finished.isEmpty else { return }
        for id in finished {
            let place = BudgetKeys.reservation(id, open: false, keys: transaction.keys)
            try transaction.put(.reservations, BudgetKeys.order(present.nextFinished), place)
            present.nextFinished += 1
        }
        while present.nextFinished - present.oldestFinished > StoreLimits.finishedReservations {
            let oldest = BudgetKeys.order(present.oldestFinished)
            if let place = try transaction.open(.reservations, oldest) { try transaction.delete(.reservations, place) }
            try transaction.delete(.reservations, oldest)
            present.oldestFinished += 1
        }
        try transaction.put(.reservations, BudgetKeys.counters, present.encoded())
    }
}
