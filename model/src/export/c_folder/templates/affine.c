/* 16 columns of a row of x·W, which are most of the work: their sums stay in registers. */
static void columns_16@_OF@(const @X@ *x, size_t inputs, const float *w, size_t n, float *out)
{
    float a0 = 0.0f, a1 = 0.0f, a2 = 0.0f, a3 = 0.0f, a4 = 0.0f, a5 = 0.0f, a6 = 0.0f, a7 = 0.0f;
    float a8 = 0.0f, a9 = 0.0f, a10 = 0.0f, a11 = 0.0f, a12 = 0.0f, a13 = 0.0f, a14 = 0.0f, a15 = 0.0f;
    size_t k;

    for (k = 0u; k < inputs; k++) {
        const float v = (float)x[k];

        a0 += v * w[0];
        a1 += v * w[1];
        a2 += v * w[2];
        a3 += v * w[3];
        a4 += v * w[4];
        a5 += v * w[5];
        a6 += v * w[6];
        a7 += v * w[7];
        a8 += v * w[8];
        a9 += v * w[9];
        a10 += v * w[10];
        a11 += v * w[11];
        a12 += v * w[12];
        a13 += v * w[13];
        a14 += v * w[14];
        a15 += v * w[15];
        w = &w[n];
    }
    out[0] = a0;
    out[1] = a1;
    out[2] = a2;
    out[3] = a3;
    out[4] = a4;
    out[5] = a5;
    out[6] = a6;
    out[7] = a7;
    out[8] = a8;
    out[9] = a9;
    out[10] = a10;
    out[11] = a11;
    out[12] = a12;
    out[13] = a13;
    out[14] = a14;
    out[15] = a15;
}

/* 4 columns. */
static void columns_4@_OF@(const @X@ *x, size_t inputs, const float *w, size_t n, float *out)
{
    float a0 = 0.0f, a1 = 0.0f, a2 = 0.0f, a3 = 0.0f;
    size_t k;

    for (k = 0u; k < inputs; k++) {
        const float v = (float)x[k];

        a0 += v * w[0];
        a1 += v * w[1];
        a2 += v * w[2];
        a3 += v * w[3];
        w = &w[n];
    }
    out[0] = a0;
    out[1] = a1;
    out[2] = a2;
    out[3] = a3;
}

/* One column. */
static void column@_OF@(const @X@ *x, size_t inputs, const float *w, size_t n, float *out)
{
    float a = 0.0f;
    size_t k;

    for (k = 0u; k < inputs; k++) {
        a += (float)x[k] * *w;
        w = &w[n];
    }
    *out = a;
}

/* A layer: out = x·W + b, and of it the larger of that and 0 if relu. The n biases lie behind the weights. */
static void affine@_OF@(const @X@ *x, size_t inputs, const float *w, size_t n, bool relu, float *out)
{
    const float *b = &w[inputs * n];
    size_t j = 0u;
    size_t blocks;

    for (blocks = n / 16u; blocks > 0u; blocks--) {
        columns_16@_OF@(x, inputs, &w[j], n, &out[j]);
        j += 16u;
    }
    for (blocks = (n % 16u) / 4u; blocks > 0u; blocks--) {
        columns_4@_OF@(x, inputs, &w[j], n, &out[j]);
        j += 4u;
    }
    for (blocks = n % 4u; blocks > 0u; blocks--) {
        column@_OF@(x, inputs, &w[j], n, &out[j]);
        j += 1u;
    }
    for (j = 0u; j < n; j++) {
        const float sum = out[j] + b[j];

        out[j] = (relu && (sum < 0.0f)) ? 0.0f : sum;
    }
}

