/* Whether no class has a higher score than the one that is answered. */
static bool is_answer(const model_input *x, size_t sample, const model_score *expected, model_workspace *workspace)
{
    const uint32_t best = model_predict(x, workspace);
    bool same = best < (uint32_t)MODEL_OUTPUTS;
    size_t j;

    (void)sample;
    for (j = 0u; j < (size_t)MODEL_OUTPUTS; j++) {
        same = same && !(expected[j] > expected[best]);
    }
    return same;
}

