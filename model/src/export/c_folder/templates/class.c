
uint32_t model_predict(const model_input x[MODEL_INPUTS], model_workspace *workspace)
{
    const model_score *scores = model_scores(x, workspace);
    uint32_t best = 0u;
    uint32_t i;

    for (i = 1u; i < (uint32_t)MODEL_OUTPUTS; i++) {
        if (@IS_BETTER@) {
            best = i;
        }
    }
    return best;
}
