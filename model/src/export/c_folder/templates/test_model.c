/* Whether the network computes here what it computed when it was exported, to the bit: 0 if it does.
 * With MODEL_QUIET nothing is printed, and no library is needed. Written by `barenet export`. */
#include "model.h"
#include "model_test_vector.h"

#include <stddef.h>
#ifndef MODEL_QUIET
#include <stdio.h>
#endif

/* Whether numbers are the same bytes; those of a float tell 0 from -0. */
static bool is_same(const void *a, const void *b, size_t bytes)
{
    const unsigned char *found = (const unsigned char *)a;
    const unsigned char *expected = (const unsigned char *)b;
    bool same = true;
    size_t i;

    for (i = 0u; i < bytes; i++) {
        same = same && (found[i] == expected[i]);
    }
    return same;
}

/* CHECK */
int main(void)
{
    static model_workspace workspace;
    int wrong = 0;
    size_t i;

    for (i = 0u; i < (size_t)MODEL_TEST_SAMPLES; i++) {
        const model_input *x = &model_test_samples[i * (size_t)MODEL_INPUTS];
        const model_score *expected = &model_test_scores[i * (size_t)MODEL_OUTPUTS];
        const model_score *scores = model_scores(x, &workspace);
        const bool same = is_same(scores, expected, sizeof(model_score) * (size_t)MODEL_OUTPUTS);

        if (!same || !is_answer(x, i, expected, &workspace)@OR_REALS@) {
            wrong = 1;
#ifndef MODEL_QUIET
            (void)printf("test_model: sample %lu: not the bits of the export\n", (unsigned long)i);
#endif
        }
    }
    if (!model_verify()) {
        wrong = 1;
#ifndef MODEL_QUIET
        (void)printf("test_model: the numbers are not the exported ones\n");
#endif
    }
#ifndef MODEL_QUIET
    if (wrong == 0) {
        (void)printf("test_model: %d samples: the bits of the export\n", MODEL_TEST_SAMPLES);
    }
#endif
    return wrong;
}
