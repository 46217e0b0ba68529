import Networks
import NumberFormats

extension StepDescription {
    /// Checks that the adapters fit the network, the formats and the method.
    ///
    /// - Throws: `ScheduleError.badSize` or `.notLowered`, naming what is wrong and what would be right.
    public func checkAdapters() throws(ScheduleError) {
        guard let adapters else { return }
        let layers = network.blockLinears
        if case .roles(let roles) = adapters.targets {
            let missing = LinearLayer.Role.targetWords.filter { target in
                roles.contains(target.role) && !layers.contains { $0.role == target.role }
            }
            guard missing.isEmpty, !roles.isEmpty else {
                let words = layers.compactMap(\.role.targetWord).joined(separator: ", ")
                throw .notLowered(
                    what: missing.isEmpty
                        ? "adapters without targets"
                        : "adapters of \(missing.map(\.word).joined(separator: ", ")), which this network has not",
                    remedy: "targets among \(words), or all-linear")
            }
        }
        for layer in layers where adapters.targets.contains(layer.role) {
            let most = min(layer.outputs, layer.inputs)
            guard (1...most).contains(adapters.rank) else {
                throw .badSize(
                    name: "rank of the adapters", value: adapters.rank,
                    allowed: "from 1 to \(most), the shorter side of \(layer.name) [\(layer.outputs), \(layer.inputs)]")
            }
        }
        if let last = adapters.last, !(1...max(1, network.layers)).contains(last) {
            throw .badSize(
                name: "last=N of the adapters", value: last,
                allowed: "from 1 to \(network.layers), the network's blocks")
        }
        guard adapters.alpha.isFinite, adapters.alpha > 0 else {
            throw .notLowered(what: "adapters with alpha \(adapters.alpha)", remedy: "a positive number")
        }
        try checkFormats(adapters)
    }

    private func checkFormats(_ adapters: LowRankAdapters) throws(ScheduleError) {
        let (formats, operand) = (formats, formats.activations)
        if let base = adapters.base, let weights = recipe?.weights, weights.hasScales, weights != base {
            throw .notLowered(
                what: "a frozen base in \(base.rawValue) beside a recipe whose weights are \(weights.rawValue)",
                remedy: "one of the two")
        }
        let base = formats.weights
        // Codes of activations have scales of their own, to which no weight is dequantized.
        guard (base.integer == nil) == (operand.integer == nil) || (base.integer != nil && !operand.hasScales) else {
            throw .notLowered(
                what: "a frozen base in \(base.rawValue) beside activations in \(operand.rawValue)",
                remedy: operand.integer == nil ? "a floating-point base" : "base=int8 or base=int4")
        }
        guard adapterFormat.integer == nil || operand.integer != nil else {
            throw .notLowered(
                what: "adapters in \(adapterFormat.rawValue) beside activations in \(operand.rawValue)",
                remedy: "a floating-point format")
        }
        if method == .zoqo, adapterFormat.integer == nil {
            throw .notLowered(
                what: "adapters in \(adapterFormat.rawValue) with ZOQO, whose noise and steps are on an integer grid",
                remedy: "format=int8, on a machine with integer activations")
        }
        // Rows of B and of what it reads are as long as the rank.
        guard ![adapterFormat, adapterOperand].contains(where: { $0.bits == 4 }) || adapters.rank.isMultiple(of: 2)
        else {
            throw .badSize(
                name: "rank of the adapters", value: adapters.rank,
                allowed: "even for 4-bit codes, two of which share a byte")
        }
    }
}
