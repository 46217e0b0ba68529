/// GGUF files made byte by byte.
struct GGUFBytes {
    var version: UInt32 = 3
    var keys: [(key: String, value: [UInt8])] = []
    var tensors: [(name: String, extents: [UInt64], type: UInt32, offset: UInt64)] = []
    /// What stands where the data are.
    var data: [UInt8] = []

    static func word(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    static func text(_ text: String) -> [UInt8] { word(UInt64(text.utf8.count)) + Array(text.utf8) }

    mutating func add(_ key: String, _ value: String) { keys.append((key, Self.word(UInt32(8)) + Self.text(value))) }
    mutating func add(_ key: String, _ value: UInt32) { keys.append((key, Self.word(UInt32(4)) + Self.word(value))) }
    mutating func add(_ key: String, _ value: Float) {
        keys.append((key, Self.word(UInt32(6)) + Self.word(value.bitPattern)))
    }
    mutating func add(_ key: String, _ values: [String]) {
        let body = values.flatMap(Self.text)
        keys.append((key, Self.word(UInt32(9)) + Self.word(UInt32(8)) + Self.word(UInt64(values.count)) + body))
    }

    var bytes: [UInt8] {
        var file = Array("GGUF".utf8) + Self.word(version) + Self.word(UInt64(tensors.count))
        file += Self.word(UInt64(keys.count))
        for (key, value) in keys { file += Self.text(key) + value }
        for tensor in tensors {
            file += Self.text(tensor.name) + Self.word(UInt32(tensor.extents.count))
            for extent in tensor.extents { file += Self.word(extent) }
            file += Self.word(tensor.type)
            file += Self.word(tensor.offset)
        }
        file += [UInt8](repeating: 0, count: (32 - file.count % 32) % 32)
        return file + data
    }

    /// A decoder of one block: state 32, 2 heads, 1 key head, feed-forward 64, 3 tokens; all tensors F32 zeros but `types`.
    static func decoder(types: [String: UInt32] = [:]) -> GGUFBytes {
        var file = GGUFBytes()
        file.add("general.architecture", "llama")
        for (key, value) in [
            ("block_count", 1), ("context_length", 16), ("embedding_length", 32), ("feed_forward_length", 64),
            ("attention.head_count", 2), ("attention.head_count_kv", 1),
        ] { file.add("llama." + key, UInt32(value)) }
        file.add("llama.attention.layer_norm_rms_epsilon", Float(1e-5))
        let shapes: [(String, [UInt64])] = [
            ("token_embd", [32, 3]), ("blk.0.attn_norm", [32]), ("blk.0.attn_q", [32, 32]), ("blk.0.attn_k", [32, 16]),
            ("blk.0.attn_v", [32, 16]), ("blk.0.attn_output", [32, 32]), ("blk.0.ffn_norm", [32]),
            ("blk.0.ffn_gate", [32, 64]), ("blk.0.ffn_up", [32, 64]), ("blk.0.ffn_down", [64, 32]),
            ("output_norm", [32]),
        ]
        for (name, extents) in shapes {
            let type = types[name] ?? 0
            let blocks: (elements: UInt64, bytes: UInt64)
            switch type {
            case 1, 30: blocks = (1, 2)
            case 3: blocks = (32, 20)
            case 8: blocks = (32, 34)
            default: blocks = (1, 4)
            }
            file.tensors.append((name + ".weight", extents, type, UInt64(file.data.count)))
            let elements = extents.reduce(UInt64(1), *)
            let bytes = Int(elements / blocks.elements * blocks.bytes)
            file.data += [UInt8](repeating: 0, count: (bytes + 31) / 32 * 32)
        }
        return file
    }
}
