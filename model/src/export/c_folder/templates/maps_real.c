/* The line of an input: (x - offset) · factor, rounded to the nearest integer; of NaN the largest. */
static int32_t round_line(const line *map, float x)
{
    float y = (x - map->offset) * map->factor;
    int32_t rounded = INT32_MAX;

    y = (y < 0.0f) ? (y - 0.5f) : (y + 0.5f);
    if (y < -2147483648.0f) {
        rounded = INT32_MIN;
    } else if (y < 2147483648.0f) {
        rounded = (int32_t)y;
    }
    return rounded;
}

