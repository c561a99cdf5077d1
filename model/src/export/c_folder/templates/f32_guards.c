#include <float.h>

/* The same bits everywhere: each product is rounded before it is added, each sum is an f32, in this order.
 * Define MODEL_OTHER_BITS to compile in a way that rounds otherwise. */
#if !defined(MODEL_OTHER_BITS)
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#else
#pragma STDC FP_CONTRACT OFF
#endif
#if defined(__FAST_MATH__)
#error "model.c: compile it without -ffast-math, or define MODEL_OTHER_BITS"
#endif
#if (FLT_EVAL_METHOD < 0) || (FLT_EVAL_METHOD == 1) || (FLT_EVAL_METHOD == 2)
#error "model.c: compile it with floats of 32 bits, such as by -msse2 -mfpmath=sse, or define MODEL_OTHER_BITS"
#endif
#endif

