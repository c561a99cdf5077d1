
void model_predict(const model_input x[MODEL_INPUTS], model_workspace *workspace, float values[MODEL_OUTPUTS])
{
    const model_score *scores = model_scores(x, workspace);
    size_t i;

    for (i = 0u; i < (size_t)MODEL_OUTPUTS; i++) {
        values[i] = VALUE_OFFSET[i] + (VALUE_FACTOR[i] * @SCORE_AS_FLOAT@);
    }
}
