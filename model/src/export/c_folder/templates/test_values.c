/* Whether the values are those of the export. */
static bool is_answer(const model_input *x, size_t sample, const model_score *expected, model_workspace *workspace)
{
    float values[MODEL_OUTPUTS];

    (void)expected;
    model_predict(x, workspace, values);
    return is_same(values, &model_test_answers[sample * (size_t)MODEL_OUTPUTS], sizeof(values));
}

