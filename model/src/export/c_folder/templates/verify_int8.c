static uint32_t crc_network(uint32_t crc)
{
    size_t i;

    for (i = 0u; i < (sizeof(WEIGHTS) / sizeof(WEIGHTS[0])); i++) {
        crc = crc_word(crc, WEIGHTS[i]);
    }
    for (i = 0u; i < (sizeof(CHANNELS) / sizeof(CHANNELS[0])); i++) {
@CHANNEL@    }
    return crc;
}

