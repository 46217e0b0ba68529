import Emulator
import Hardware

/// How a run's steps are emulated. No bit depends on it.
public enum Emulation: Sendable, Hashable {
    /// Operation by operation on whole tensors.
    case layers
    /// Command by command of the program as it is laid out on a machine, on modelled memories.
    case tiles(Machine, TileOptions)
}
