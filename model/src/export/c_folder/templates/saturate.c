#if defined(MODEL_DSP) && defined(__GNUC__)
static inline int32_t saturate_@NAME@(int32_t value)
{
    int32_t saturated;

    /* GCC's __ssat converts signs, of which -Wconversion warns. */
    __asm__("ssat %0, #@BITS@, %1" : "=r"(saturated) : "r"(value));
    return saturated;
}
#else
static inline int32_t saturate_@NAME@(int32_t value)
{
    return (value < INT@BITS@_MIN) ? INT@BITS@_MIN : ((value > INT@BITS@_MAX) ? INT@BITS@_MAX : value);
}
#endif

