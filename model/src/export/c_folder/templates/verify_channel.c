        crc = crc_word(crc, (uint32_t)CHANNELS[i].bias);
        crc = crc_word(crc, (uint32_t)CHANNELS[i].multiplier);
        crc = crc_word(crc, 0u - (CHANNELS[i].shift + 2u));
