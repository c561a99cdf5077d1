static uint32_t crc_floats(uint32_t crc, const float *numbers, size_t len)
{
    size_t i;

    for (i = 0u; i < len; i++) {
        union {
            float number;
            uint32_t word;
        } bits;

        bits.number = numbers[i];
        crc = crc_word(crc, bits.word);
    }
    return crc;
}

