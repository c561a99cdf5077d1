//! What an answer adds to the header and the code.

use super::escape::{c_decimal, c_float};
use crate::export::answer::Answer;
use crate::export::contents::Contents;
use crate::export::model::Numbers;
use crate::export::signed::Signed;

impl Contents<'_> {
    /// Declarations of the answer.
    pub(super) const fn answer_h(&self) -> &'static str {
        match self.model.answer {
            Answer::Class => {
                "/* The number of the class of x: the one with the highest score. */\n\
                 uint32_t model_predict(const model_input x[MODEL_INPUTS], model_workspace *workspace);\n\n"
            }
            Answer::Values { .. } => {
                "/* The values of x, in the units and the order of the targets. */\n\
                 void model_predict(const model_input x[MODEL_INPUTS], model_workspace *workspace,\n                   \
                 float values[MODEL_OUTPUTS]);\n\n"
            }
            Answer::AnomalyScore { .. } | Answer::AnomalySteps { .. } => {
                "/* The anomaly score of x: the mean squared error of its scaled numbers, which the network gives back. */\n\
                 float model_anomaly_score(const model_input x[MODEL_INPUTS], model_workspace *workspace);\n\n\
                 /* Whether x is an anomaly: its score is above MODEL_THRESHOLD, or no number. */\n\
                 bool model_is_anomaly(const model_input x[MODEL_INPUTS], model_workspace *workspace);\n\n"
            }
        }
    }

    /// The declaration of scores of real numbers, where bytes go in.
    pub(super) const fn of_reals_h(&self) -> &'static str {
        if self.is_signed() {
            "/* The same of real numbers, which become bytes: the nearest ones. */\n\
             const model_score *model_scores_of_reals(const float x[MODEL_INPUTS], model_workspace *workspace);\n\n"
        } else {
            ""
        }
    }

    /// Definitions of the answer.
    pub(super) const fn answer_c(&self) -> &'static str {
        match self.model.answer {
            Answer::Class => include_str!("templates/class.c"),
            Answer::Values { .. } => include_str!("templates/values.c"),
            Answer::AnomalyScore { .. } => include_str!("templates/anomaly_f32.c"),
            Answer::AnomalySteps { .. } => include_str!("templates/anomaly_int8.c"),
        }
    }

    /// The values of templates that are the answer's.
    pub(super) fn answer_values(&self) -> Vec<(&'static str, String)> {
        let is_better = if self.is_int8() {
            "scores[i] > scores[best]"
        } else {
            // NaN compares with nothing, itself included, and is never the highest.
            "(scores[i] > scores[best]) || ((scores[best] != scores[best]) && (scores[i] == scores[i]))"
        };
        let (as_float, or_reals) = if self.is_signed() {
            (
                "(float)((int32_t)scores[i] - MODEL_OUTPUT_ZERO_POINT)",
                " || !are_reals_same(x, expected, &workspace)",
            )
        } else {
            ("(float)scores[i]", "")
        };
        let mut values = vec![
            ("IS_BETTER", is_better.to_owned()),
            ("SCORE_AS_FLOAT", as_float.to_owned()),
            ("OR_REALS", or_reals.to_owned()),
        ];
        if let Answer::AnomalySteps { square, most, .. } = &self.model.answer {
            values.push(("SQUARE", c_float(*square)));
            values.push(("MOST", most.to_string()));
        }
        values
    }

    /// The score above which x is an anomaly.
    pub(super) const fn threshold(&self) -> Option<f32> {
        match self.model.answer {
            Answer::AnomalyScore { threshold, .. } | Answer::AnomalySteps { threshold, .. } => {
                Some(threshold)
            }
            Answer::Class | Answer::Values { .. } => None,
        }
    }

    /// Macros of the scale of scores and of the threshold.
    pub(super) fn macros(&self) -> String {
        let mut text = String::new();
        if let Some(Signed { input, output }) = self.model.signed() {
            for (about, name, scale) in [("go in", "INPUT", input), ("come out", "OUTPUT", output)]
            {
                text += &format!(
                    "/* Bytes that {about} stand for MODEL_{name}_SCALE * (byte - MODEL_{name}_ZERO_POINT). */\n\
                     #define MODEL_{name}_SCALE {}\n#define MODEL_{name}_ZERO_POINT ({})\n",
                    c_decimal(scale.scale()),
                    scale.zero_point()
                );
            }
        } else if let Numbers::Int8 { score_scale, .. } = self.model.numbers {
            text += &format!(
                "/* A real score is this times the integer. */\n#define MODEL_SCORE_SCALE {score_scale:?}\n"
            );
        }
        if let Some(threshold) = self.threshold() {
            text += &format!(
                "/* The score above which x is an anomaly. */\n#define MODEL_THRESHOLD {}\n",
                c_decimal(threshold)
            );
        }
        text
    }
}
