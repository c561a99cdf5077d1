#ifdef MODEL_DSP
#define saturate_8(value) __usat((value), 8)
#else
static inline int32_t saturate_8(int32_t value)
{
    return (value < 0) ? 0 : ((value > 255) ? 255 : value);
}
#endif

