/* What becomes of a sum by the next channel: rounded to nearest, half a step up. */
static inline int32_t requantize(int32_t sum, const channel **next)
{
#ifdef MODEL_WORDS
    const channel *to = *next;
    int32_t rounded;

    /* The shift leaves in the carry the bit by which to round. */
    __asm__("ldr    r4, [%[to]], #4\n\t"
            "asrs   r5, r4, #18\n\t"
            "ubfx   r6, r4, #13, #5\n\t"
            "lsls   r5, r5, r6\n\t"
            "add    r5, r5, %[sum]\n\t"
            "mov    r6, #0x40000000\n\t"
            "bfi    r6, r4, #22, #8\n\t"
            "smull  r6, r5, r5, r6\n\t"
            "ubfx   r4, r4, #8, #5\n\t"
            "asrs   r5, r5, r4\n\t"
            "adc    %[rounded], r5, #0"
            : [to] "+r"(to), [rounded] "=r"(rounded)
            : [sum] "r"(sum)
            : "r4", "r5", "r6", "cc", "memory");
    *next = to;
    return rounded;
#else
    const channel word = **next;
    const uint32_t shift = (word >> 8) & 31u;
    const uint32_t bias = (uint32_t)((int32_t)word >> 18) << ((word >> 13) & 31u);
    const int32_t multiplier = (int32_t)(UINT32_C(0x40000000) | ((word & 0xFFu) << 22));
    const int32_t high = (int32_t)(((int64_t)(int32_t)((uint32_t)sum + bias) * multiplier) >> 32);

    *next = &(*next)[1];
    return (high + ((int32_t)1 << (shift - 1u))) >> shift;
#endif
}

