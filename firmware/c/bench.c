/* One inference between two calls of `mark`, for scripts/c-export.sh to count; fails if the scores are others. */
#include "model.h"
#include "model_test_vector.h"

void mark(void);

#ifdef BENCH_NONE
int main(void)
{
    mark();
    mark();
    return model_test_scores[0] != model_test_scores[0] || model_test_samples[0] != model_test_samples[0];
}
#else
int main(void)
{
    static model_workspace workspace;
    const model_score *scores;
    int wrong = 0;

    mark();
    scores = model_scores(model_test_samples, &workspace);
    mark();
    for (int i = 0; i < MODEL_OUTPUTS; i++) wrong |= scores[i] != model_test_scores[i];
    return wrong;
}
#endif
