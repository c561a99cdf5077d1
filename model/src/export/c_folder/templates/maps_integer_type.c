/* The line of an input. */
typedef struct {
    int64_t bias;
    int32_t multiplier;
    uint32_t shift;
} line;

