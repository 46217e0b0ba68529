/// What run.json holds: every setting, and what the run was made of.
public struct RunRecord: Sendable, Hashable, Codable {
    /// The network, as the header prints it.
    public struct Network: Sendable, Hashable, Codable {
        public var name: String
        public var layers: Int
        public var hidden: Int
        public var parameters: Int
        public var trainedParameters: Int
        public var labels: [String]
        public var newHead: Bool

        public init(
            name: String, layers: Int, hidden: Int, parameters: Int, trainedParameters: Int, labels: [String],
            newHead: Bool
        ) {
            self.name = name
            self.layers = layers
            self.hidden = hidden
            self.parameters = parameters
            self.trainedParameters = trainedParameters
            self.labels = labels
            self.newHead = newHead
        }
    }

    /// The data, as the header prints it.
    public struct Data: Sendable, Hashable, Codable {
        public var name: String
        public var trainingExamples: Int
        public var validationExamples: Int
        public var duplicatesRemoved: Int
        public var examplesCut: Int
        /// Validation texts that stand in the training file too.
        public var validationInTraining: Int
        public var majorityShare: Double
    }

    /// Version of Zeroth that began the run.
    public var zeroth: String
    public var settings: RunSettings
    public var network: Network
    public var data: Data
    /// Name or path of the machine file.
    public var machine: String
    /// Overrides of the machine file's fields, `path=value`.
    public var machineOverrides: [String]
    /// SHA-256 of every file the run read.
    public var inputs: [FineTuningTask.InputFile]

    public init(
        tuner: FineTuner, zeroth: String, machine: String, machineOverrides: [String],
        inputs: [FineTuningTask.InputFile]
    ) {
        let task = tuner.task
        self.zeroth = zeroth
        settings = tuner.settings
        let shape = task.shape
        network = Network(
            name: task.networkName, layers: shape.layers, hidden: shape.hidden, parameters: shape.parameterCount,
            trainedParameters: tuner.stepDescription(sequence: tuner.settings.sequence).trainedCount,
            labels: task.labels,
            newHead: task.hasNewHead)
        data = Data(
            name: task.dataName, trainingExamples: task.training.count, validationExamples: task.validation.count,
            duplicatesRemoved: task.duplicates, examplesCut: task.training.cut + task.validation.cut,
            validationInTraining: task.validationInTraining,
            majorityShare: task.majorityShare)
        self.machine = machine
        self.machineOverrides = machineOverrides
        self.inputs = task.inputs + inputs
    }
}

extension RunRecord {
    /// Checks that what a run reads now is what it read when it began.
    ///
    /// - Throws: `RunError.inputChanged` for the first file that has changed.
    public func checkInputs(_ found: [FineTuningTask.InputFile]) throws(RunError) {
        for input in found {
            guard let recorded = inputs.first(where: { $0.path == input.path }) else { continue }
            guard recorded.sha256 == input.sha256 else {
                throw .inputChanged(path: input.path, recorded: recorded.sha256, found: input.sha256)
            }
        }
    }
}
