import Networks
import Testing

private typealias Files = TransformerConfigurations

@Suite struct BuiltInNetworkTests {
    /// The figures that are published, or that Hugging Face's class for the published `config.json` counts.
    @Test(arguments: [
        (BuiltInNetwork.llamaOf7B, 6_738_415_616), (.llama2Of7B, 6_738_415_616), (.llama2Of13B, 13_015_864_320),
        (.llama3Of8B, 8_030_261_248), (.mistralOf7B, 7_241_732_096), (.optOf1300M, 1_315_758_080),
        (.optOf2700M, 2_651_596_800), (.optOf6700M, 6_658_473_984), (.optOf13B, 12_853_473_280),
        (.optOf30B, 29_974_540_288), (.optOf66B, 65_719_701_504), (.robertaLarge, 355_412_057), (.miniLM, 22_713_216),
        (.smolLM2Of135M, 134_515_008), (.storiesOf260K, 260_032),
    ])
    func countsThePublishedParameters(network: BuiltInNetwork, published: Int) throws {
        #expect(network.configuration.parameterCount == published)
        #expect(try TransformerConfiguration(network: network.rawValue) == network.configuration)
    }

    @Test func countsOtherModulesOfEncoders() {
        let roberta = BuiltInNetwork.robertaLarge.configuration
        #expect(roberta.withHead(.none, hasPooler: true).parameterCount == 355_359_744)
        #expect(roberta.withHead(.none).parameterCount == 354_310_144)
        #expect(
            roberta.withHead(.classifier(classes: 2, hasBias: true), hasPooler: true).parameterCount == 355_361_794)
        let miniLM = BuiltInNetwork.miniLM.configuration
        #expect(miniLM.withHead(.none).parameterCount == 22_565_376)
        #expect(miniLM.forClassification(classes: 2).parameterCount == 22_565_376 + 2 * 384 + 2)
    }

    @Test func hasTheNamesOfTheCommandLine() {
        #expect(
            TransformerConfiguration.builtInNames == [
                "llama-7b", "llama2-7b", "llama2-13b", "llama3-8b", "mistral-7b", "opt-1.3b", "opt-2.7b", "opt-6.7b",
                "opt-13b", "opt-30b", "opt-66b", "roberta-large", "minilm-l6", "smollm2-135m", "stories260k",
                "opinions",
            ])
        for network in BuiltInNetwork.allCases { #expect(network.repository.contains("/")) }
    }

    @Test func readsTheEmbeddedNetworkByName() throws {
        let network = try TransformerConfiguration(network: "opinions")
        #expect(network.family == .bert)
        #expect(network.hidden == 32)
        #expect(network.parameterCount == 24_576)
        #expect(network.forClassification(classes: 2).parameterCount == 23_586)
    }

    @Test func readsFoldersAndFiles() throws {
        let folder = try ScratchFolder()
        let text = Files.file(Files.llama)
        let path = try folder.write("config.json", Array(text.bytes))
        let expected = try Files.read(Files.llama)
        #expect(try TransformerConfiguration(network: path) == expected)
        #expect(try TransformerConfiguration(network: folder.path) == expected)
        let head = TransformerHead.classifier(classes: 3, hasBias: true)
        #expect(try TransformerConfiguration(network: path, head: head).head == head)
        #expect(try TransformerConfiguration(network: "minilm-l6", head: head).classes == 3)
    }

    @Test func saysWhatANetworkCanBe() throws {
        let known = TransformerConfiguration.builtInNames.joined(separator: ", ")
        #expect(
            message { _ = try TransformerConfiguration(network: "Llama2-7b") }
                == "Llama2-7b: is no network that is built in (near: \"llama2-7b\", \"llama-7b\", \"llama2-13b\"); give "
                + "one of \(known), or the path of a folder with a config.json")
        #expect(
            message { _ = try TransformerConfiguration(network: "x") }
                == "x: is no network that is built in; give one of \(known), or the path of a folder with a config.json"
        )
        #expect(
            message { _ = try TransformerConfiguration(network: "") }
                == ": is no network that is built in; give one of \(known), or the path of a folder with a config.json")
        #expect(
            message { _ = try TransformerConfiguration(network: "./llama2-7b") }
                == "./llama2-7b: no such file; give the path of a file that exists")
        let folder = try ScratchFolder()
        #expect(
            message { _ = try TransformerConfiguration(network: folder.path) }
                == "\(folder.path): has no config.json; give the path of one, or of a folder that holds one")
    }
}
