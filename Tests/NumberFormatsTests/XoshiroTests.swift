import NumberFormats
import Testing

/// xoshiro and xoroshiro against outputs that others published or computed.
@Suite struct XoshiroTests {
    static func outputs(_ generator: Xoshiro, from state: SIMD4<UInt64>, count: Int) -> [UInt64] {
        var state = state
        return (0..<count).map { _ in
            defer { generator.advance(&state) }
            return generator.output(state)
        }
    }

    /// The values of the Rust crate rand_xoshiro's tests, which state that the authors' C implementations made them.
    @Test(
        arguments: [
            (
                Xoshiro.xoshiro128PlusPlus, SIMD4<UInt64>(1, 2, 3, 4),
                [
                    641, 1_573_767, 3_222_811_527, 3_517_856_514, 836_907_274, 4_247_214_768, 3_867_114_732,
                    1_355_841_295,
                ]
            ),
            (
                .xoshiro256PlusPlus, SIMD4(1, 2, 3, 4),
                [
                    41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386, 9_228_616_714_210_784_205,
                    9_973_669_472_204_895_162, 14_011_001_112_246_962_877, 12_406_186_145_184_390_807,
                ]
            ),
            (
                .xoroshiro128Plus, SIMD4(1, 2, 0, 0),
                [
                    3, 412_333_834_243, 2_360_170_716_294_286_339, 9_295_852_285_959_843_169, 2_797_080_929_874_688_578,
                    6_019_711_933_173_041_966, 3_076_529_664_176_959_358, 3_521_761_819_100_106_140,
                ]
            ),
            // No outputs are published for aox: these are those of the C code in J. Hanlon's article on it, compiled and run.
            (
                .xoroshiro128AOX, SIMD4(1, 2, 0, 0),
                [
                    3, 36_029_003_177_443_331, 87_891_524_490_101_603, 11_565_524_013_212_287_854,
                    1_927_655_329_432_634_372, 220_720_603_658_852_677, 10_978_845_639_215_972_748,
                    7_906_431_857_409_228_812,
                ]
            ),
            (
                .xoroshiro128AOX, SIMD4(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3211, 0, 0),
                [
                    0xFFFF_FFFF_FFFF_FFF8, 0xF77C_0982_A3A0_A994, 0x935D_5B7B_CF80_4805, 0x682C_C0DF_E0BA_5618,
                    0x12D6_7595_8E9F_F76D, 0x3C0A_1043_B8E7_A85F,
                ]
            ),
            // The PyPI package randomgen 2.5.0, Xoroshiro128 with this state.
            (
                .xoroshiro128Plus, SIMD4(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3211, 0, 0),
                [
                    0, 0x6789_ABAD_EF00_DCBA, 0x216F_ACC4_97A7_2D31, 0xC60A_8BC2_0FA0_3839, 0x4863_4C79_82F1_EA80,
                    0x31D1_D5A9_9B7F_C857,
                ]
            ),
        ] as [(Xoshiro, SIMD4<UInt64>, [UInt64])])
    func outputsAreThoseOfOtherImplementations(generator: Xoshiro, state: SIMD4<UInt64>, expected: [UInt64]) {
        #expect(Self.outputs(generator, from: state, count: expected.count) == expected)
    }

    /// The authors' jump polynomials: x^(2^64) (2^128 for xoshiro256) and x^(2^96) (2^192) modulo each characteristic polynomial.
    @Test(arguments: [
        (Xoshiro.xoshiro128PlusPlus, 64, SIMD4<UInt64>(0xF542_D2D3_8764_000B, 0x77F2_DB5B_6FA0_35C3, 0, 0)),
        (.xoshiro128PlusPlus, 96, SIMD4(0x0B6F_099F_B523_952E, 0x1C58_0662_CCF5_A0EF, 0, 0)),
        (
            .xoshiro256PlusPlus, 128,
            SIMD4(0x180E_C6D3_3CFD_0ABA, 0xD5A6_1266_F0C9_392C, 0xA958_2618_E03F_C9AA, 0x39AB_DC45_29B1_661C)
        ),
        (
            .xoshiro256PlusPlus, 192,
            SIMD4(0x76E1_5D3E_FEFD_CBBF, 0xC500_4E44_1C52_2FB3, 0x7771_0069_854E_E241, 0x3910_9BB0_2ACB_E635)
        ),
        (.xoroshiro128Plus, 64, SIMD4(0xDF90_0294_D8F5_54A5, 0x1708_65DF_4B32_01FC, 0, 0)),
        (.xoroshiro128Plus, 96, SIMD4(0xD2A9_8B26_625E_EE7B, 0xDDDF_9B10_90AA_7AC1, 0, 0)),
        // Constants 55, 14, 36: the jump of the first xoroshiro128+ of 2016.
        (.xoroshiro128AOX, 64, SIMD4(0xBEAC_0467_EBA5_FACB, 0xD86B_048B_86AA_9922, 0, 0)),
    ])
    func jumpsAreTheAuthorsPolynomials(generator: Xoshiro, exponent: Int, expected: SIMD4<UInt64>) {
        var jump = generator.jump(by: 1)
        for _ in 0..<exponent { jump = generator.doubled(jump) }
        #expect(jump == expected)
    }

    @Test(arguments: Xoshiro.allCases)
    func jumpsEqualSteps(generator: Xoshiro) {
        let start = generator.initialState(random: [1, 2, 3, 4, 5, 6, 7, 8])
        var state = start
        for steps in 0...100_000 {
            if steps <= 300 || steps % 9973 == 0 {
                #expect(generator.jumped(start, by: generator.jump(by: UInt64(steps))) == state)
            }
            generator.advance(&state)
        }
    }

    @Test func aJumpOf2To64EqualsRandomgens() {
        // randomgen 2.5.0: Xoroshiro128(state).jumped() and its first outputs.
        let start = SIMD4<UInt64>(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3211, 0, 0)
        let generator = Xoshiro.xoroshiro128Plus
        let jumped = generator.jumped(start, by: generator.doubled(generator.jump(by: 1 << 63)))
        #expect(
            Self.outputs(generator, from: jumped, count: 3)
                == [0x1052_7256_2706_E0F6, 0xE3F7_842B_23F8_4358, 0x6A08_BDAA_8285_D3C7])
    }

    @Test(arguments: Xoshiro.allCases)
    func aStateIsNeverZero(generator: Xoshiro) {
        #expect(generator.initialState(random: [UInt32](repeating: 0, count: 8)) == SIMD4(1, 0, 0, 0))
        #expect(generator.initialState(random: [0, 0, 0, 1, 0, 0, 0, 0]) != SIMD4(1, 0, 0, 0))
    }
}
