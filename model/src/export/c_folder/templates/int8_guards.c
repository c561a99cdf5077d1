/* What every compiler does, and C does not promise: two's complement, and shifts that keep the sign. */
typedef char model_keeps_bits[((int32_t)UINT32_C(0xFFFFFFFF) == -1) ? 1 : -1];
typedef char model_keeps_sign[((-2 >> 1) == -1) ? 1 : -1];

