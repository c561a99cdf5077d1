//! The test vector, and the test that reads it.

use super::escape::{array, c_float};
use crate::export::answer::Answer;
use crate::export::contents::Contents;
use crate::export::model::Scores;
use crate::export::row::Row;

impl Contents<'_> {
    /// Samples, and what the computer computed for them.
    pub(super) fn test_vector_h(&self) -> String {
        let mut text = format!(
            "/* Samples {}, one after another, and the scores that the computer computed for them.\n \
             * Written by `barenet export`. */\n\
             #ifndef MODEL_TEST_VECTOR_H\n#define MODEL_TEST_VECTOR_H\n\n\
             #include \"model.h\"\n\n#define MODEL_TEST_SAMPLES {}\n\n",
            if self.is_signed() { "that were drawn" } else { "of the test set" },
            self.samples.len()
        );
        let samples = self.samples.iter().flat_map(|row| match row {
            Row::U8(numbers) => numbers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            Row::I8(numbers) => numbers.iter().map(ToString::to_string).collect(),
            Row::I16(numbers) => numbers.iter().map(ToString::to_string).collect(),
            Row::F32(numbers) => numbers.iter().map(|&number| c_float(number)).collect(),
        });
        let scores = self.scores.iter().flat_map(|scores| match scores {
            Scores::F32(scores) => scores.iter().map(|&score| c_float(score)).collect::<Vec<_>>(),
            Scores::Int8(scores) => scores.iter().map(ToString::to_string).collect(),
            Scores::Signed(scores) => scores.iter().map(ToString::to_string).collect(),
        });
        text += &array("static const model_input model_test_samples", samples);
        text.push('\n');
        text += &array("static const model_score model_test_scores", scores);
        if self.model.answer != Answer::Class {
            text.push('\n');
            let answers = self.answers().into_iter().flatten();
            text += &array("static const float model_test_answers", answers.map(c_float));
        }
        text + "\n#endif\n"
    }

    pub(super) fn test_model_c(&self) -> String {
        let check = match self.model.answer {
            Answer::Class => include_str!("templates/test_class.c"),
            Answer::Values { .. } => include_str!("templates/test_values.c"),
            Answer::AnomalyScore { .. } | Answer::AnomalySteps { .. } => {
                include_str!("templates/test_anomaly.c")
            }
        };
        let of_reals = if self.is_signed() { include_str!("templates/test_signed.c") } else { "" };
        self.of_template(include_str!("templates/test_model.c"))
            .replace("/* CHECK */\n", &[check, of_reals].concat())
    }
}
