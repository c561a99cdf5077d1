static uint32_t crc_lines(uint32_t crc, const line *lines)
{
    size_t i;

    for (i = 0u; i < (size_t)MODEL_INPUTS; i++) {
        crc = crc_floats(crc, &lines[i].offset, 1u);
        crc = crc_floats(crc, &lines[i].factor, 1u);
    }
    return crc;
}

