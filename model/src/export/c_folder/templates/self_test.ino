// Says whether the network computes on this board what it computed when it was exported, to the bit.
#include <string.h>

#include <model.h>
#include <model_test_vector.h>

static model_workspace workspace;

void setup() {
  Serial.begin(115200);
  bool same = model_verify();
  for (int i = 0; i < MODEL_TEST_SAMPLES; i++) {
    const model_score *scores = model_scores(&model_test_samples[i * MODEL_INPUTS], &workspace);
    const model_score *expected = &model_test_scores[i * MODEL_OUTPUTS];
    same = same && memcmp(scores, expected, MODEL_OUTPUTS * sizeof(model_score)) == 0;
  }
  Serial.println(same ? "the bits of the export" : "NOT the bits of the export");
}

void loop() {}
