/// Polynomials over GF(2) modulo one of degree D ≤ 256: the arithmetic of jumps in linear generators.
///
/// A polynomial's coefficients are bits, that of xⁱ in bit i mod 64 of word i div 64. If the modulus is the characteristic polynomial of
/// a linear generator and r = xⁿ modulo it, the state n steps on is the sum of the states i steps on over the coefficients rᵢ = 1.
struct BinaryPolynomials: Hashable, Sendable {
    /// One polynomial of degree below D.
    typealias Element = SIMD4<UInt64>

    /// D, the degree of the modulus, 1…256.
    let degree: Int
    /// The modulus without its leading x^D.
    let modulus: Element

    /// Modulo x^degree + `modulus`.
    init(degree: Int, modulus: Element) {
        precondition(1...256 ~= degree, "A modulus has degree 1 to 256")
        self.degree = degree
        self.modulus = modulus
    }

    /// Modulo the characteristic polynomial of the shortest linear recurrence that `bits` obey (Berlekamp–Massey; J. L. Massey,
    /// "Shift-Register Synthesis and BCH Decoding", IEEE Trans. Inf. Theory 15, 1969).
    ///
    /// - Parameter bits: at least twice as many bits as the recurrence is long.
    init(recurrenceOf bits: [Bool]) {
        // connection[i] is cᵢ in sₙ = Σ cᵢ·sₙ₋ᵢ, i = 1…length, with c₀ = 1.
        var connection = [true] + [Bool](repeating: false, count: bits.count)
        var previous = connection
        var length = 0
        var gap = 1
        for n in bits.indices {
            var discrepancy = bits[n]
            for i in 1..<max(length + 1, 1) where connection[i] && bits[n - i] { discrepancy.toggle() }
            guard discrepancy else {
                gap += 1
                continue
            }
            let saved = connection
            for i in 0...(bits.count - gap) where previous[i] { connection[i + gap].toggle() }
            if 2 * length <= n {
                length = n + 1 - length
                previous = saved
                gap = 1
            } else {
                gap += 1
            }
        }
        var modulus = Element()
        for i in 1...length where connection[i] {
            modulus[(length - i) / 64] |= 1 << UInt64((length - i) % 64)
        }
        self.init(degree: length, modulus: modulus)
    }

    /// xᵉ for an exponent e.
    func power(_ exponent: UInt64) -> Element {
        var result = Element(1, 0, 0, 0)
        var square = timesX(result)
        var rest = exponent
        while rest != 0 {
            if rest & 1 == 1 { result = product(result, square) }
            square = product(square, square)
            rest >>= 1
        }
        return result
    }

    /// The product of two polynomials.
    func product(_ a: Element, _ b: Element) -> Element {
        var shifted = a
        var sum = Element()
        for i in 0..<degree {
            if b[i / 64] >> UInt64(i % 64) & 1 == 1 { sum ^= shifted }
            shifted = timesX(shifted)
        }
        return sum
    }

    private func timesX(_ a: Element) -> Element {
        let top = (degree - 1) / 64
        let overflows = a[top] >> UInt64((degree - 1) % 64) & 1 == 1
        var shifted = a &<< 1 | SIMD4(0, a[0] >> 63, a[1] >> 63, a[2] >> 63)
        if overflows {
            if degree % 64 != 0 { shifted[top] &= ~(1 << UInt64(degree % 64)) } else if top < 3 { shifted[top + 1] = 0 }
            shifted ^= modulus
        }
        return shifted
    }
}
