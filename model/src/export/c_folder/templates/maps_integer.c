/* The line of an input: (x · multiplier + bias) · 2^-shift, rounded down; the bias has a half for it. */
static int32_t round_line(const line *map, int32_t x)
{
    const uint64_t product = (uint64_t)((int64_t)x * map->multiplier) + (uint64_t)map->bias;
    const int64_t y = (int64_t)product >> map->shift;

    return (int32_t)((y < INT32_MIN) ? INT32_MIN : ((y > INT32_MAX) ? INT32_MAX : y));
}

