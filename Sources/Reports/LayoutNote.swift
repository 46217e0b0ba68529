import Costs
import Programs

/// What a report says of the layouts that its figures rest on.
enum LayoutNote {
    static func line(_ objective: ScheduleObjective) -> String {
        switch objective {
        case .traffic:
            "laid out for traffic: of tilings within \(Quantity.percent(ScheduleObjective.nearTie)) of a product's least DRAM traffic "
                + "the one expected to be fastest (objective latency: fewest cycles)"
        case .latency: "laid out for latency: fewest cycles of all candidates (objective traffic: least DRAM traffic)"
        }
    }
}
