/* A network of @SIZES@, @DTYPE@. What it does is in model.h, its numbers in model_numbers.h.
 * Written by `barenet export`. */
#include "model.h"

#include <stddef.h>

