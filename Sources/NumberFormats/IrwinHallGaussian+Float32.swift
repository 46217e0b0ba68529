extension IrwinHallGaussian {
    /// fl(1/√21845), the deviation's reciprocal in binary32: 0x1.bb688cp-8.
    public static let reciprocalDeviation = Float(1 / variance.squareRoot())

    /// u in binary32: fl(float(t) · fl(1/√21845)), one product; float(t) is exact.
    public static func float32Value(integer t: Int32) -> Float {
        Float(t) * reciprocalDeviation
    }
}
