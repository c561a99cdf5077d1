
float model_anomaly_score(const model_input x[MODEL_INPUTS], model_workspace *workspace)
{
    const model_score *scores = model_scores(x, workspace);
    float sum = 0.0f;
    size_t i;

    for (i = 0u; i < (size_t)MODEL_INPUTS; i++) {
        const float error = (((float)x[i] - INPUT_OFFSET[i]) * INPUT_FACTOR[i]) - scores[i];

        sum += error * error;
    }
    return sum / (float)MODEL_INPUTS;
}

bool model_is_anomaly(const model_input x[MODEL_INPUTS], model_workspace *workspace)
{
    /* A score that is no number is one too. */
    return !(model_anomaly_score(x, workspace) <= MODEL_THRESHOLD);
}
