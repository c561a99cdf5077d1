/* One inference of emlearn's C between two calls of `mark`, for scripts/peers-embedded.sh; fails if the scores are far off. */
#include "emlearn.h"
#include "expected.h"

void mark(void);

static float scores[OUTPUTS];

int main(void)
{
    int wrong = 0;

    mark();
#ifndef BENCH_NONE
    wrong = net_regress(input, sizeof input / sizeof *input, scores, OUTPUTS) != EmlOk;
#endif
    mark();
#ifndef BENCH_NONE
    for (int i = 0; i < OUTPUTS; i++) wrong |= !(fabsf(scores[i] - expected[i]) < 1e-3f * (1.0f + fabsf(expected[i])));
#endif
    return wrong;
}
