/* Samples of an int8 file of TFLite and the bytes that TFLite gives, for scripts/tflite.sh: status 0 if all are equal. The last
 * sample is computed between two calls of `mark`. */
#include "model.h"

#include <stddef.h>

void mark(void);
#ifdef HOST
void mark(void)
{
}
#endif

#ifdef RUST
const int8_t *rust_scores(const int8_t *x);
#define SCORES(x) rust_scores(x)
#else
static model_workspace workspace;
#define SCORES(x) model_scores((x), &workspace)
#endif

__asm__(".section .rodata\n.global inputs\n.global expected\ninputs: .incbin \"inputs.bin\"\n"
        "expected: .incbin \"expected.bin\"\n.text\n");
extern const int8_t inputs[], expected[];

int main(void)
{
    for (size_t sample = 0; sample < SAMPLES; sample++) {
        const int8_t *found;
        mark();
#ifdef EMPTY
        found = &expected[sample * MODEL_OUTPUTS];
#else
        found = SCORES(&inputs[sample * MODEL_INPUTS]);
#endif
        mark();
        for (size_t i = 0; i < MODEL_OUTPUTS; i++) {
            if (found == NULL || found[i] != expected[sample * MODEL_OUTPUTS + i]) return 1;
        }
    }
    return 0;
}
