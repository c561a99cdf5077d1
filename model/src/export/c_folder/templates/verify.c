
/* The CRC-32 of words, each as its four little-endian bytes, without what is done before and after. Without a
 * table: it would be read once in a while, and lie in flash always. */
static uint32_t crc_word(uint32_t crc, uint32_t word)
{
    uint32_t bit;

    crc ^= word;
    for (bit = 0u; bit < 32u; bit++) {
        crc = (crc >> 1) ^ (((crc & 1u) != 0u) ? UINT32_C(0xEDB88320) : 0u);
    }
    return crc;
}

