/* The bytes of x, for the network. */
static void to_bytes(const model_input x[MODEL_INPUTS], uint8_t *bytes)
{
    size_t i;

    for (i = 0u; i < (size_t)MODEL_INPUTS; i++) {
        const int32_t y = round_line(&INPUT_LINES[i], x[i]);

        bytes[i] = (uint8_t)((y < 0) ? 0 : ((y > 255) ? 255 : y));
    }
}

