/* A layer in integers: blocks of four outputs, of groups of four inputs. As many outputs as there are go to
 * bytes, or to scores where that is not NULL. */
static void layer(const uint8_t *x, size_t groups, const uint32_t *w, const channel *to, size_t outputs,
                  uint8_t *bytes, int16_t *scores)
{
    size_t left;

    for (left = outputs; left > 0u; left -= (left < 4u) ? left : 4u) {
        int32_t sums[4];
        size_t j;

        dots(x, groups, w, sums);
        w = &w[4u * groups];
        if (scores == NULL) {
            /* Bytes are written in whole groups. */
            bytes[0] = (uint8_t)saturate_8(requantize(sums[0], &to[0]));
            bytes[1] = (uint8_t)saturate_8(requantize(sums[1], &to[1]));
            bytes[2] = (uint8_t)saturate_8(requantize(sums[2], &to[2]));
            bytes[3] = (uint8_t)saturate_8(requantize(sums[3], &to[3]));
            bytes = &bytes[4];
        } else {
            for (j = 0u; (j < 4u) && (j < left); j++) {
                scores[j] = (int16_t)saturate_16(requantize(sums[j], &to[j]));
            }
            scores = &scores[j];
        }
        to = &to[4];
    }
}

