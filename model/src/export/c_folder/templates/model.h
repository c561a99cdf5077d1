/* A network of @SIZES@, @DTYPE@: @ORIGIN@.
 *
 * @WHAT_GOES_IN@
 * C99 and C++, without heap or library. Written by `barenet export`. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>
@INCLUDE_MATH@
#ifdef __cplusplus
extern "C" {
#endif

/* Numbers that go in, and scores. */
#define MODEL_INPUTS @INPUTS@
#define MODEL_OUTPUTS @OUTPUTS@
/* Bytes of RAM: those of a model_workspace. The stack comes on top. */
#define MODEL_RAM_BYTES @RAM@
/* Bytes of flash: those of the numbers. The code comes on top. */
#define MODEL_FLASH_BYTES @FLASH@
/* The CRC-32 of all numbers of the network. */
#define MODEL_CHECKSUM UINT32_C(@CHECKSUM@)
@MACROS@
/* A number that goes in@INPUT_ORDER@. */
typedef @INPUT@ model_input;
/* @EACH_SCORE@. */
typedef @SCORE@ model_score;

/* The memory of one inference, for a static or the stack. It may hold anything before. */
typedef struct {
@FIELDS@} model_workspace;

@NAMES@/* Computes the scores of x, which lie in the workspace until the next call. */
const model_score *model_scores(const model_input x[MODEL_INPUTS], model_workspace *workspace);

@ANSWER@/* Whether the flash still holds the numbers that were exported. Reads all of them. */
bool model_verify(void);

#ifdef __cplusplus
}
#endif

#endif
