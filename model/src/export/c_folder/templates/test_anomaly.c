/* Whether the anomaly score is that of the export. */
static bool is_answer(const model_input *x, size_t sample, const model_score *expected, model_workspace *workspace)
{
    const float score = model_anomaly_score(x, workspace);

    (void)expected;
    return is_same(&score, &model_test_answers[sample], sizeof(score)) &&
           (model_is_anomaly(x, workspace) || (score <= MODEL_THRESHOLD));
}

