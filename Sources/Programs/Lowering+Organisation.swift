import Hardware

extension Lowering {
    /// Refuses organisations that nests are not made for yet, by the field that says so.
    static func checkOrganisation(_ machine: Machine) throws(ScheduleError) {
        let organisation = machine.organisation
        func refuse(_ field: String, _ value: String, _ scheduled: String) -> ScheduleError {
            .notScheduled(field: "organisation.\(field)", value: value, scheduled: scheduled, machine: machine.name)
        }
        guard organisation.perturbationUnit.placement == .onLoad else {
            throw refuse("perturbationUnit.placement", organisation.perturbationUnit.placement.rawValue, "on-load")
        }
        guard !organisation.perturbationUnit.sharedFetch else {
            throw refuse("perturbationUnit.sharedFetch", "true", "false")
        }
    }
}
