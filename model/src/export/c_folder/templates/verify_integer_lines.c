static uint32_t crc_lines(uint32_t crc, const line *lines)
{
    size_t i;

    for (i = 0u; i < (size_t)MODEL_INPUTS; i++) {
        const uint64_t bias = (uint64_t)lines[i].bias;

        crc = crc_word(crc, (uint32_t)(bias & UINT32_C(0xFFFFFFFF)));
        crc = crc_word(crc, (uint32_t)(bias >> 32));
        crc = crc_word(crc, (uint32_t)lines[i].multiplier);
        crc = crc_word(crc, lines[i].shift);
    }
    return crc;
}

