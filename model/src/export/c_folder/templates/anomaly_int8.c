
/* The sum of squared errors, in steps of scores; the largest integer if it is more. */
static uint64_t squared_steps(const model_input x[MODEL_INPUTS], model_workspace *workspace)
{
    const model_score *scores = model_scores(x, workspace);
    uint64_t sum = 0u;
    size_t i;

    for (i = 0u; i < (size_t)MODEL_INPUTS; i++) {
        const int64_t error = (int64_t)round_line(&TARGET_LINES[i], x[i]) - scores[i];
        const uint64_t square = (uint64_t)(error * error);

        sum = (sum > (UINT64_MAX - square)) ? UINT64_MAX : (sum + square);
    }
    return sum;
}

float model_anomaly_score(const model_input x[MODEL_INPUTS], model_workspace *workspace)
{
    return (float)squared_steps(x, workspace) * @SQUARE@;
}

bool model_is_anomaly(const model_input x[MODEL_INPUTS], model_workspace *workspace)
{
    return squared_steps(x, workspace) > UINT64_C(@MOST@);
}
