/* Groups of inputs after which sums of packed weights are taken apart: 4 · 64 · 255 · 127 is below 2^23. */
#define GROUPS_PER_SUM 64u

/* A word holds weights of two inputs for two outputs A and B, each 256·B + A, so that one product serves both:
 * ab is the sum of x·(256·B + A) modulo 2^32, a that of x·A. The words are those of inputs 0 and 2 for A and B, for
 * C and D, and of inputs 1 and 3 for these. */
#ifdef MODEL_DSP
#define ADD_GROUP(even, odd) \
    ab = __smlad((even), (int16x2_t)w[0], ab); \
    a = __smlad((even), __sxtb16((int8x4_t)w[0]), a); \
    cd = __smlad((even), (int16x2_t)w[1], cd); \
    c = __smlad((even), __sxtb16((int8x4_t)w[1]), c); \
    ab = __smlad((odd), (int16x2_t)w[2], ab); \
    a = __smlad((odd), __sxtb16((int8x4_t)w[2]), a); \
    cd = __smlad((odd), (int16x2_t)w[3], cd); \
    c = __smlad((odd), __sxtb16((int8x4_t)w[3]), c)

#ifdef MODEL_WORDS
/* The same for four bytes at x, a multiple of four: the registers and the loads that compilers do not find. r7 is left
 * out: it may be the frame pointer. */
#define ADD_WORD() \
    __asm__("ldr    %[odd], [%[x]], #4\n\t" \
            "ldm    %[w]!, {r4, r5, r6, r8}\n\t" \
            "uxtb16 %[even], %[odd]\n\t" \
            "uxtb16 %[odd], %[odd], ror #8\n\t" \
            "smlad  %[ab], %[even], r4, %[ab]\n\t" \
            "sxtb16 r4, r4\n\t" \
            "smlad  %[a], %[even], r4, %[a]\n\t" \
            "smlad  %[cd], %[even], r5, %[cd]\n\t" \
            "sxtb16 r5, r5\n\t" \
            "smlad  %[c], %[even], r5, %[c]\n\t" \
            "smlad  %[ab], %[odd], r6, %[ab]\n\t" \
            "sxtb16 r6, r6\n\t" \
            "smlad  %[a], %[odd], r6, %[a]\n\t" \
            "smlad  %[cd], %[odd], r8, %[cd]\n\t" \
            "sxtb16 r8, r8\n\t" \
            "smlad  %[c], %[odd], r8, %[c]" \
            : [x] "+r"(x), [w] "+r"(w), [ab] "+r"(ab), [a] "+r"(a), [cd] "+r"(cd), [c] "+r"(c), [even] "=&r"(even), \
              [odd] "=&r"(odd) \
            : \
            : "r4", "r5", "r6", "r8", "memory")
#endif
#else
static inline uint32_t product_16(int32_t x, int32_t x_next, uint32_t w)
{
    return (uint32_t)((x * (int16_t)(w & 0xFFFFu)) + (x_next * (int16_t)(w >> 16)));
}

static inline uint32_t product_8(int32_t x, int32_t x_next, uint32_t w)
{
    return (uint32_t)((x * (int8_t)(w & 0xFFu)) + (x_next * (int8_t)((w >> 16) & 0xFFu)));
}
#endif

/* The sums of four outputs. */
static void dots(const uint8_t *x, size_t groups, const uint32_t *w, int32_t sums[4])
{
    uint32_t a_sum = 0u, b_sum = 0u, c_sum = 0u, d_sum = 0u;

    while (groups > 0u) {
        const size_t len = (groups < GROUPS_PER_SUM) ? groups : GROUPS_PER_SUM;
#ifdef MODEL_DSP
        int32_t ab = (int32_t)a_sum, a = (int32_t)a_sum, cd = (int32_t)c_sum, c = (int32_t)c_sum;
#else
        uint32_t ab = a_sum, a = a_sum, cd = c_sum, c = c_sum;
#endif
        const uint32_t *const end = &w[4u * len];

        while (w != end) {
#ifdef MODEL_DSP
            ADD_GROUP((int16x2_t)((uint32_t)x[0] | ((uint32_t)x[2] << 16)),
                      (int16x2_t)((uint32_t)x[1] | ((uint32_t)x[3] << 16)));
#else
            ab += product_16(x[0], x[2], w[0]);
            a += product_8(x[0], x[2], w[0]);
            cd += product_16(x[0], x[2], w[1]);
            c += product_8(x[0], x[2], w[1]);
            ab += product_16(x[1], x[3], w[2]);
            a += product_8(x[1], x[3], w[2]);
            cd += product_16(x[1], x[3], w[3]);
            c += product_8(x[1], x[3], w[3]);
#endif
            x = &x[4];
            w = &w[4];
        }
        a_sum = (uint32_t)a;
        b_sum += (uint32_t)((int32_t)((uint32_t)ab - a_sum) >> 8);
        c_sum = (uint32_t)c;
        d_sum += (uint32_t)((int32_t)((uint32_t)cd - c_sum) >> 8);
        groups -= len;
    }
    sums[0] = (int32_t)a_sum;
    sums[1] = (int32_t)b_sum;
    sums[2] = (int32_t)c_sum;
    sums[3] = (int32_t)d_sum;
}

#ifdef MODEL_WORDS
/* The same of inputs at a multiple of four: it is part of its caller, which knows how many groups there are. */
static inline __attribute__((always_inline)) void dots_of_words(const uint8_t *x, size_t groups, const uint32_t *w,
                                                                int32_t sums[4])
{
    int32_t a = 0, b = 0, c = 0, d = 0;

    while (groups > 0u) {
        const size_t len = (groups < GROUPS_PER_SUM) ? groups : GROUPS_PER_SUM;
        const uint32_t *const end = &w[4u * len];
        int32_t ab = a, cd = c, even, odd;
        size_t left;

        for (left = len % 4u; left > 0u; left--) {
            ADD_WORD();
        }
        while (w != end) {
            ADD_WORD();
            ADD_WORD();
            ADD_WORD();
            ADD_WORD();
        }
        b = (int32_t)((uint32_t)b + (uint32_t)((int32_t)((uint32_t)ab - (uint32_t)a) >> 8));
        d = (int32_t)((uint32_t)d + (uint32_t)((int32_t)((uint32_t)cd - (uint32_t)c) >> 8));
        groups -= len;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}
#endif

