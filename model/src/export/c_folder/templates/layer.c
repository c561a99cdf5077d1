/* A layer in integers@WEIGHTS@: blocks of four outputs, of groups of four inputs. As many outputs as there are go to
 * bytes, or to scores where that is not NULL. */
static void layer@OF@(const uint8_t *x, size_t groups, const uint32_t *w, const channel *to, size_t outputs,
                  uint8_t *bytes, int16_t *scores)
{
    size_t left;
@START@
    for (left = outputs; left > 0u; left -= (left < 4u) ? left : 4u) {
        int32_t sums[4];

#ifdef MODEL_WORDS
        if (((uintptr_t)x & 3u) == 0u) {
            dots@OF@_of_words(@ARGS@);
        } else {
            dots@OF@(@ARGS@);
        }
#else
        dots@OF@(@ARGS@);
#endif
        w = &w[@WORDS@u * groups];
        if (scores == NULL) {
            /* Bytes are written in whole groups. */
            bytes[0] = (uint8_t)saturate_8(requantize(sums[0], &to));
            bytes[1] = (uint8_t)saturate_8(requantize(sums[1], &to));
            bytes[2] = (uint8_t)saturate_8(requantize(sums[2], &to));
            bytes[3] = (uint8_t)saturate_8(requantize(sums[3], &to));
            bytes = &bytes[4];
        } else if (left >= 4u) {
            scores[0] = (int16_t)saturate_16(requantize(sums[0], &to));
            scores[1] = (int16_t)saturate_16(requantize(sums[1], &to));
            scores[2] = (int16_t)saturate_16(requantize(sums[2], &to));
            scores[3] = (int16_t)saturate_16(requantize(sums[3], &to));
            scores = &scores[4];
        } else {
            size_t j;

            for (j = 0u; j < left; j++) {
                scores[j] = (int16_t)saturate_16(requantize(sums[j], &to));
            }
        }
    }
}

