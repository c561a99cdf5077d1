//! The test vector of a generated crate, and the test that reads it.

use super::{Words, f32_literal};
use crate::export::answer::Answer;
use crate::export::contents::Contents;
use crate::export::escape::fill;

impl Words<'_> {
    /// The values of the template of the test vector.
    pub(super) fn test_vector(&self) -> [(&'static str, String); 5] {
        let Contents { samples, model, .. } = self.contents;
        let (count, inputs) = (samples.len(), model.arch().input_dim());
        let (all, each) = if self.is_image {
            (
                format!(
                    "/// The images, one after another.\n\
                     pub static IMAGES: [u8; {count} * {inputs}] = *include_bytes!(\"images.bin\");"
                ),
                format!("IMAGES.chunks_exact({inputs})"),
            )
        } else {
            let rows: String =
                samples.iter().map(|row| format!("    {},\n", row.literal())).collect();
            let input = self.input;
            (
                format!(
                    "/// The samples.\npub static SAMPLES: [[{input}; {inputs}]; {count}] = [\n{rows}];"
                ),
                format!("SAMPLES.iter().map(<[{input}; {inputs}]>::as_slice)"),
            )
        };
        let answers = match &model.answer {
            Answer::Class => String::new(),
            Answer::Values { factor, .. } => {
                let answers = self.contents.answers();
                let lines: String =
                    answers.iter().map(|values| format!("    {values:?},\n")).collect();
                format!(
                    "/// The values of each sample.\npub static ANSWERS: [[f32; {}]; {count}] = [\n{lines}];\n\n",
                    factor.len()
                )
            }
            Answer::AnomalyScore { .. } | Answer::AnomalySteps { .. } => {
                let answers = self.contents.answers().into_iter().flatten();
                let lines: String =
                    answers.map(|score| format!("    {},\n", f32_literal(score))).collect();
                format!(
                    "/// The anomaly score of each sample.\npub static ANSWERS: [f32; {count}] = [\n{lines}];\n\n"
                )
            }
        };
        let (from, of_reals) = if self.contents.is_signed() {
            ("that were drawn", OF_REALS)
        } else {
            ("of the test set", "")
        };
        [
            ("TEST_SAMPLES", all),
            ("EACH_SAMPLE", each),
            ("TEST_ANSWERS", answers),
            ("FROM", from.to_owned()),
            ("TEST_OF_REALS", fill(of_reals, &[("CRATE", self.contents.name.replace('-', "_"))])),
        ]
    }
}

/// A test of real numbers in the place of bytes.
const OF_REALS: &str = include_str!("../templates/test_of_reals.rs");

/// The end of the test of scores, and a test of what is made of them.
pub(super) fn check_answers(function: &str, bits: &str) -> String {
    format!(
        "    }}\n}}\n\n\
         #[test]\nfn answers_are_those_of_the_export_to_the_bit() {{\n    \
         let mut workspace = Workspace::new();\n    \
         for ((sample, _), expected) in test_vector::each().zip(test_vector::ANSWERS) {{\n        \
         let answer = {function}(sample, &mut workspace).unwrap();\n        \
         assert_eq!(answer{bits}, expected{bits}, \"{{answer:?}}\");\n    }}\n}}\n"
    )
}
