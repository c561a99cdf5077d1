/* Weights of 4 bits, each with 8 added: a word holds those of two inputs for four outputs, the first in the lowest bits of
 * each half. The words of a group are those of inputs 0 and 2, and of 1 and 3. */
#define PAIR_INT4 UINT32_C(0x000F000F)

/* What sums begin at, for the 8 that each weight has too much. */
static int32_t start_int4(const uint8_t *x, size_t groups)
{
    uint32_t sum = 0u;
    size_t i;

    for (i = 0u; i < (4u * groups); i++) {
        sum += x[i];
    }
    return (int32_t)(0u - (8u * sum));
}

#ifdef MODEL_DSP
#define ADD_INT4(sum, pair, word) sum = __smlad((pair), (int16x2_t)((word) & PAIR_INT4), (sum))

#ifdef MODEL_WORDS
/* A group whose inputs lie at a multiple of four: each AND shifts the weights on its way. r7 is left out: it may be the frame
 * pointer. */
#define ADD_WORD_INT4() \
    __asm__("ldr    r4, [%[x]], #4\n\t" \
            "ldrd   r5, r6, [%[w]], #8\n\t" \
            "uxtb16 r8, r4\n\t" \
            "uxtb16 r4, r4, ror #8\n\t" \
            "and    %[two], %[pair], r5\n\t" \
            "smlad  %[a], r8, %[two], %[a]\n\t" \
            "and    %[two], %[pair], r5, lsr #4\n\t" \
            "smlad  %[b], r8, %[two], %[b]\n\t" \
            "and    %[two], %[pair], r5, lsr #8\n\t" \
            "smlad  %[c], r8, %[two], %[c]\n\t" \
            "and    %[two], %[pair], r5, lsr #12\n\t" \
            "smlad  %[d], r8, %[two], %[d]\n\t" \
            "and    %[two], %[pair], r6\n\t" \
            "smlad  %[a], r4, %[two], %[a]\n\t" \
            "and    %[two], %[pair], r6, lsr #4\n\t" \
            "smlad  %[b], r4, %[two], %[b]\n\t" \
            "and    %[two], %[pair], r6, lsr #8\n\t" \
            "smlad  %[c], r4, %[two], %[c]\n\t" \
            "and    %[two], %[pair], r6, lsr #12\n\t" \
            "smlad  %[d], r4, %[two], %[d]" \
            : [x] "+r"(x), [w] "+r"(w), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [two] "=&r"(two) \
            : [pair] "r"(PAIR_INT4) \
            : "r4", "r5", "r6", "r8", "memory")
#endif
#else
static inline uint32_t product_int4(uint32_t x, uint32_t x_next, uint32_t word)
{
    return (x * (word & 0xFu)) + (x_next * ((word >> 16) & 0xFu));
}
#endif

/* The sums of four outputs. */
static void dots_int4(const uint8_t *x, size_t groups, const uint32_t *w, int32_t start, int32_t sums[4])
{
    const uint32_t *const end = &w[2u * groups];
#ifdef MODEL_DSP
    int32_t a = start, b = start, c = start, d = start;
#else
    uint32_t a = (uint32_t)start, b = (uint32_t)start, c = (uint32_t)start, d = (uint32_t)start;
#endif

    while (w != end) {
#ifdef MODEL_DSP
        const int16x2_t even = (int16x2_t)((uint32_t)x[0] | ((uint32_t)x[2] << 16));
        const int16x2_t odd = (int16x2_t)((uint32_t)x[1] | ((uint32_t)x[3] << 16));

        ADD_INT4(a, even, w[0]);
        ADD_INT4(b, even, w[0] >> 4);
        ADD_INT4(c, even, w[0] >> 8);
        ADD_INT4(d, even, w[0] >> 12);
        ADD_INT4(a, odd, w[1]);
        ADD_INT4(b, odd, w[1] >> 4);
        ADD_INT4(c, odd, w[1] >> 8);
        ADD_INT4(d, odd, w[1] >> 12);
#else
        a += product_int4(x[0], x[2], w[0]) + product_int4(x[1], x[3], w[1]);
        b += product_int4(x[0], x[2], w[0] >> 4) + product_int4(x[1], x[3], w[1] >> 4);
        c += product_int4(x[0], x[2], w[0] >> 8) + product_int4(x[1], x[3], w[1] >> 8);
        d += product_int4(x[0], x[2], w[0] >> 12) + product_int4(x[1], x[3], w[1] >> 12);
#endif
        x = &x[4];
        w = &w[2];
    }
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[2] = (int32_t)c;
    sums[3] = (int32_t)d;
}

#ifdef MODEL_WORDS
/* The same of inputs at a multiple of four. */
static inline __attribute__((always_inline)) void dots_int4_of_words(const uint8_t *x, size_t groups, const uint32_t *w,
                                                                     int32_t start, int32_t sums[4])
{
    const uint32_t *const end = &w[2u * groups];
    int32_t a = start, b = start, c = start, d = start;
    uint32_t two;
    size_t left;

    for (left = groups % 4u; left > 0u; left--) {
        ADD_WORD_INT4();
    }
    while (w != end) {
        ADD_WORD_INT4();
        ADD_WORD_INT4();
        ADD_WORD_INT4();
        ADD_WORD_INT4();
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}
#endif

