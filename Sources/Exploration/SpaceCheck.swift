import Costs
import Hardware

/// What has to hold of a space before any work starts: every field exists and takes its values, some point is left.
struct SpaceCheck {
    let space: ExplorationSpace

    init(_ space: ExplorationSpace) { self.space = space }

    func run() throws {
        let first = [Int](repeating: 0, count: space.dimensions.count)
        try check(first)
        for (index, dimension) in space.dimensions.enumerated() {
            for choice in dimension.choices.indices.dropFirst() {
                var choices = first
                choices[index] = choice
                try check(choices)
            }
        }
    }

    /// Refuses what no other choice of other dimensions would make right.
    private func check(_ choices: [Int]) throws {
        let request = space.request(choices)
        do {
            let machine = try space.machine(request)
            let network = try space.network(request)
            _ = try request.step(of: network, on: machine)
            _ = try request.baselineRecipe()
        } catch let error as HardwareError {
            switch error {
            case .unknownKey, .badOverride, .wrongType, .missingKey, .syntax, .duplicateKey, .notFound, .unreadable:
                throw error
            // A value that is out of range here may be in range beside others.
            default: return
            }
        } catch let error as StepRequestError {
            guard case .badSetting(let name, _, _) = error else { throw error }
            if ["method", "baseline", "trainable"].contains(name) { throw error }
        }
    }
}

extension ExplorationSpace {
    /// The machine that a step runs on, as `StepRequest.machine` gives it.
    func machine(_ request: StepRequest) throws(HardwareError) -> Machine {
        guard let template = machines[request.hardware] else { return try request.machine() }
        return try template.machine(overrides: request.machineOverrides)
    }

    /// The network of a step, as `StepRequest.trainedNetwork` gives it.
    func network(_ request: StepRequest) throws(StepRequestError) -> StepRequest.TrainedNetwork {
        guard let network = networks[.init(network: request.network, head: request.head)] else {
            preconditionFailure("every network of a space is read with it")
        }
        return try network.get()
    }
}
