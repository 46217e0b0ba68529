import Networks
import Testing

private func topology(_ text: String) throws -> GEMMTopology {
    try GEMMTopology(source: TestFile("t.csv", text))
}

@Suite struct GEMMTopologyTests {
    @Test func readsLayersInSCALESimsOrder() throws {
        let read = try topology("Layer, M, N, K,\nattention, 128, 1536, 512,\nmlp, 7, 11, 13,\n")
        #expect(read.layers.map(\.name) == ["attention", "mlp"])
        #expect(read.layers.map(\.m) == [128, 7])
        #expect(read.layers.map(\.n) == [1_536, 11])
        #expect(read.layers.map(\.k) == [512, 13])
        #expect(read.layers.map(\.macs) == [128 * 1_536 * 512, 7 * 11 * 13])
    }

    @Test(arguments: [
        "Layer,M,N,K\na b,1,2,3", "Layer name, M, N, K,\r\na b, 1, 2, 3,\r\n",
        "\u{feff}LAYER,m,n,k,\n\n\ta b ,1,2,3,\n\n",
        "Layer Name, M, N, K, Sparsity,\na b, 1, 2, 3, 4:4,", "\nLayer,M,N,K,\n a b,01,2,3",
    ])
    func readsTheSpellingsOfTheFormat(text: String) throws {
        let layers = try topology(text).layers
        #expect(layers.count == 1)
        #expect(layers[0].name == "a b")
        #expect((layers[0].m, layers[0].n, layers[0].k) == (1, 2, 3))
    }

    @Test(arguments: [
        (
            "Layer, M, K, N,\na,1,2,3,\n",
            "line 1: is \"Layer, M, K, N\"; the columns \"Layer, M, N, K,\" are needed"
        ),
        ("a,1,2,3,\n", "line 1: is \"a, 1, 2, 3\"; the columns \"Layer, M, N, K,\" are needed"),
        ("\nLayer,M,N\n", "line 2: is \"Layer, M, N\"; the columns \"Layer, M, N, K,\" are needed"),
        (
            "Layer,M,N,K,Batch,\na,1,2,3,4,\n",
            "line 1: is \"Layer, M, N, K, Batch\"; the columns \"Layer, M, N, K,\" are needed"
        ),
        (
            "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n",
            "line 1: names the columns of convolutions; products are needed: \"Layer, M, N, K,\" with M the pixels of an "
                + "output map, N the filters and K the elements of a filter"
        ),
        ("Layer,M,N,K,\na,1,2,\n", "line 2: has 3 cells; 4 are needed: Layer, M, N, K"),
        ("Layer,M,N,K,\na\n", "line 2: has 1 cell; 4 are needed: Layer, M, N, K"),
        ("Layer,M,N,K,\na,1,2,3,4,\n", "line 2: has 5 cells; 4 are needed: Layer, M, N, K"),
        ("Layer,M,N,K,\na,1,2,3,,\n", "line 2: has 5 cells; 4 are needed: Layer, M, N, K"),
        ("Layer,M,N,K,\nb,1,2,3,\n,1,2,3,\n", "line 3: has no name; the first cell names the layer"),
        (
            "Layer,M,N,K,\na,0,2,3,\n", "line 2, column M: is \"0\"; a whole number from 1 to 2147483647 is needed"
        ),
        (
            "Layer,M,N,K,\na,1,-2,3,\n", "line 2, column N: is \"-2\"; a whole number from 1 to 2147483647 is needed"
        ),
        (
            "Layer,M,N,K,\na,1,2,3.0,\n", "line 2, column K: is \"3.0\"; a whole number from 1 to 2147483647 is needed"
        ),
        ("Layer,M,N,K,\na,+1,2,3,\n", "line 2, column M: is \"+1\"; a whole number from 1 to 2147483647 is needed"),
        ("Layer,M,N,K,\na,1,,3,\n", "line 2, column N: is \"\"; a whole number from 1 to 2147483647 is needed"),
        (
            "Layer,M,N,K,\na,1,2,99999999999999999999,\n",
            "line 2, column K: is \"99999999999999999999\"; a whole number from 1 to 2147483647 is needed"
        ),
        (
            "Layer,M,N,K,\na,2147483647,2147483647,2147483647,\n",
            "line 2: 2147483647 × 2147483647 × 2147483647 are too many multiply-accumulates; at most 72057594037927936 "
                + "are counted in one layer"
        ),
        (
            "Layer,M,N,K,Sparsity,\na,1,2,3,2:4,\n",
            "line 2, column Sparsity: is \"2:4\"; sparse weights aren't costed: 1:1, or no such column, is needed"
        ),
        (
            "Layer,M,N,K,Sparsity,\na,1,2,3,0:0,\n",
            "line 2, column Sparsity: is \"0:0\"; sparse weights aren't costed: 1:1, or no such column, is needed"
        ),
        (
            "Layer,M,N,K,\n\n",
            "has no layers; a line \"Layer, M, N, K,\" and at least one layer are needed"
        ),
        ("\n", "has no layers; a line \"Layer, M, N, K,\" and at least one layer are needed"),
    ])
    func tellsTheLineOfAnError(text: String, expected: String) {
        #expect(message { _ = try topology(text) } == "t.csv: \(expected)")
    }

    @Test func takesTheLargestProductAndNotOneMore() throws {
        let most = 1 << 28
        #expect(try topology("Layer,M,N,K,\na,\(most),\(most),1,\n").layers[0].macs == GEMMTopology.largestProduct)
        #expect(message { _ = try topology("Layer,M,N,K,\na,\(most),\(most + 1),1,\n") }.contains("too many"))
    }

    @Test func limitsTheLayers() throws {
        let layer = "a,1,2,3,\n"
        let full = "Layer,M,N,K,\n" + String(repeating: layer, count: GEMMTopology.mostLayers)
        #expect(try topology(full).layers.count == 65_536)
        #expect(
            message { _ = try topology(full + layer) }
                == "t.csv: line 65538: is one layer too many; at most 65536 are read")
    }

    @Test func readsAFile() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("t.csv", "Layer,M,N,K,\na,1,2,3,\n")
        #expect(try GEMMTopology.load(path: path).layers.map(\.name) == ["a"])
        #expect(
            message { _ = try GEMMTopology.load(path: folder.path + "/none.csv") }.hasSuffix(
                "no such file; give the path of a file that exists"))
        let bytes = TestFile("t.csv", Array("Layer,M,N,K,\n".utf8) + [0xff])
        #expect(
            message { _ = try GEMMTopology(source: bytes) } == "t.csv: line 2: is not UTF-8; save the file as UTF-8")
    }
}
