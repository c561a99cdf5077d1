/* What becomes of a sum by the next channel: rounded to nearest, half a step up. */
static inline int32_t requantize(int32_t sum, const channel **next)
{
    int32_t high;
#ifdef MODEL_WORDS
    const channel *to = *next;

    __asm__("ldm    %[to]!, {r4, r5, r6}\n\t"
            "add    r4, r4, %[sum]\n\t"
            "smull  r4, r5, r4, r5\n\t"
            "asr    %[high], r5, r6"
            : [to] "+r"(to), [high] "=r"(high)
            : [sum] "r"(sum)
            : "r4", "r5", "r6", "memory");
    *next = to;
#else
    const channel *const to = *next;
    const int32_t with_bias = (int32_t)((uint32_t)sum + (uint32_t)to->bias);

    high = (int32_t)(((int64_t)with_bias * to->multiplier) >> 32) >> to->shift;
    *next = &to[1];
#endif
    return (high + 1) >> 1;
}

