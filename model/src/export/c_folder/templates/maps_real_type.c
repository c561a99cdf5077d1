/* The line of an input. */
typedef struct {
    float offset;
    float factor;
} line;

