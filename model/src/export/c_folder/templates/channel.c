/* What becomes of the sum of an output: (sum + bias) · multiplier · 2^-(33 + shift). */
typedef struct {
    int32_t bias;
    int32_t multiplier;
    uint32_t shift;
} channel;

