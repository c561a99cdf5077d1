/* The DSP instructions of Cortex-M4, M7, M33 and above, by ACLE; GCC has it from version 10 on. */
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SAT) && !defined(MODEL_PORTABLE) && \
    (!defined(__GNUC__) || defined(__clang__) || (__GNUC__ >= 10))
#define MODEL_DSP
#include <arm_acle.h>
#if defined(__GNUC__) && defined(__OPTIMIZE__)
#define MODEL_WORDS
#endif
#endif

