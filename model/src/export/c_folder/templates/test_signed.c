/* Whether real numbers give what the bytes give that stand for them. */
static bool are_reals_same(const model_input *x, const model_score *expected, model_workspace *workspace)
{
    static float reals[MODEL_INPUTS];
    size_t i;

    for (i = 0u; i < (size_t)MODEL_INPUTS; i++) {
        reals[i] = MODEL_INPUT_SCALE * (float)((int32_t)x[i] - MODEL_INPUT_ZERO_POINT);
    }
    return is_same(model_scores_of_reals(reals, workspace), expected, sizeof(model_score) * (size_t)MODEL_OUTPUTS);
}

