/* What becomes of the sum of an output: (sum + bias) · multiplier · 2^-(32 + shift). Mantissa of the bias, with a sign, from bit
 * 18 on, its exponent from 13 on, shift from 8 on, and from 0 on bits 22 to 29 of the multiplier, of which bit 30 is 1. */
typedef uint32_t channel;

