import Networks

extension EncoderShape {
    /// The sizes of a checkpoint's encoder with a head for `classes` classes.
    public init(_ configuration: EncoderConfiguration, classes: Int) {
        self.init(
            layers: configuration.layerCount, hidden: configuration.hiddenSize, heads: configuration.headCount,
            intermediate: configuration.intermediateSize, vocabulary: configuration.vocabularySize,
            positions: configuration.maximumPositions, types: configuration.typeCount, classes: classes)
    }
}
