#include "model_numbers.h"

/* Sizes are those that were promised; processors of 8 bits put no padding behind the scores. */
typedef char model_ram[(sizeof(model_workspace) <= MODEL_RAM_BYTES) ? 1 : -1];
typedef char model_flash[(@SIZEOF@ == MODEL_FLASH_BYTES) ? 1 : -1];

