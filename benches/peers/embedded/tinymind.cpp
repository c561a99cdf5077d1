/* One inference of tinymind's int8 layers between two calls of `mark`, for scripts/peers-embedded.sh; fails if a byte is wrong. */
#include "tinymind.h"

extern "C" void mark();

int main()
{
    int wrong = 0;

    mark();
#ifndef BENCH_NONE
    infer();
#endif
    mark();
#ifndef BENCH_NONE
    for (std::size_t i = 0; i < sizeof expected; i++) wrong |= scores[i] != expected[i];
#endif
    return wrong;
}
