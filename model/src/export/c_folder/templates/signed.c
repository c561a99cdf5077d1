/* The bytes of x, for the network: 128 more than those with a sign, which is their highest bit. Four at a time, one word where
 * the compiler sees it. */
static void to_bytes(const model_input x[MODEL_INPUTS], uint8_t *bytes)
{
    size_t i;

    for (i = 0u; (i + 4u) <= (size_t)MODEL_INPUTS; i += 4u) {
        const uint32_t word = ((uint32_t)(uint8_t)x[i] | ((uint32_t)(uint8_t)x[i + 1u] << 8) |
                               ((uint32_t)(uint8_t)x[i + 2u] << 16) | ((uint32_t)(uint8_t)x[i + 3u] << 24)) ^
                              UINT32_C(0x80808080);

        bytes[i] = (uint8_t)(word & 0xFFu);
        bytes[i + 1u] = (uint8_t)((word >> 8) & 0xFFu);
        bytes[i + 2u] = (uint8_t)((word >> 16) & 0xFFu);
        bytes[i + 3u] = (uint8_t)(word >> 24);
    }
    for (; i < (size_t)MODEL_INPUTS; i++) {
        bytes[i] = (uint8_t)((uint8_t)x[i] ^ 0x80u);
    }
}

/* The byte nearest to a real number, half a step away from 0; of NaN the least one. */
static uint8_t quantize(float x)
{
    float steps = x / MODEL_INPUT_SCALE;
    float rest;
    int32_t whole;

    steps = (steps > -512.0f) ? steps : -512.0f;
    steps = (steps < 512.0f) ? steps : 512.0f;
    whole = (int32_t)steps;
    rest = steps - (float)whole;
    whole += (rest >= 0.5f) ? 1 : ((rest <= -0.5f) ? -1 : 0);
    whole += MODEL_INPUT_ZERO_POINT + 128;
    return (uint8_t)saturate_8(whole);
}

