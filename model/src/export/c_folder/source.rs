//! The header and the code, from templates in which `@NAME@` stands for what differs.

use super::escape::{c_line, c_string};
use crate::export::answer::Answer;
use crate::export::contents::Contents;
use crate::export::escape::fill;
use crate::export::inputs::InputMaps;
use crate::export::model::Numbers;
use barenet::quant::Bits;

/// The text of a template.
macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("templates/", $name))
    };
}

impl Contents<'_> {
    /// Fills a template.
    pub(super) fn of_template(&self, template: &str) -> String {
        let model = self.model;
        let arch = model.arch();
        let has_infinity = self.threshold().is_some_and(|threshold| !threshold.is_finite());
        let order =
            if self.order.is_empty() { String::new() } else { format!(": {}", c_line(self.order)) };
        let (score, each_score) = match (&model.numbers, &model.answer) {
            (Numbers::F32(_), Answer::Class) => ("float", "A score: of each class"),
            (Numbers::F32(_), Answer::Values { .. }) => {
                ("float", "A score: the value of a target in deviations from the mean")
            }
            (Numbers::F32(_), _) => ("float", "A score: of each input, as it is scaled"),
            (Numbers::Int8 { signed: Some(_), .. }, _) => {
                ("int8_t", "A score: a byte that comes out")
            }
            (Numbers::Int8 { .. }, _) => ("int16_t", "A score, in steps of MODEL_SCORE_SCALE"),
        };
        let mut values = vec![
            ("SIZES", arch.to_string()),
            ("DTYPE", self.dtype().to_owned()),
            ("ORIGIN", c_line(self.origin)),
            ("NAME", self.name.to_owned()),
            ("VERSION", format!("0.1.{}", model.checksum())),
            (
                "WHAT_GOES_IN",
                if self.is_signed() {
                    "The bytes of a TFLite file go in, or real numbers, which become them; every byte that comes out is TFLite's."
                        .to_owned()
                } else {
                    c_line(&format!(
                        "Numbers go in as they are{}",
                        self.in_weights.end_of_sentence()
                    ))
                },
            ),
            ("INCLUDE_MATH", if has_infinity { "#include <math.h>\n" } else { "" }.to_owned()),
            ("INPUTS", arch.input_dim().to_string()),
            ("OUTPUTS", arch.num_classes().to_string()),
            ("RAM", model.ram_bytes().to_string()),
            ("FLASH", model.flash_bytes().to_string()),
            ("CHECKSUM", format!("{:#010X}", model.checksum())),
            ("MACROS", self.macros()),
            ("INPUT_ORDER", order),
            ("INPUT", self.input_type().to_owned()),
            ("EACH_SCORE", each_score.to_owned()),
            ("SCORE", score.to_owned()),
            ("FIELDS", self.fields()),
            ("NAMES", self.names_h()),
            ("ANSWER", [self.of_reals_h(), self.answer_h()].concat()),
            ("SIZEOF", self.sizeof()),
        ];
        values.extend(self.answer_values());
        fill(template, &values)
    }

    pub(super) fn model_h(&self) -> String {
        self.of_template(template!("model.h"))
    }

    pub(super) fn model_c(&self) -> String {
        let maps = self.inputs().or(self.targets());
        let has_floats = !self.is_int8()
            || self.is_signed()
            || matches!(maps, Some(InputMaps::Real(_)))
            || matches!(self.model.answer, Answer::Values { .. });
        let mut text = template!("model.c").to_owned();
        if has_floats {
            text += template!("f32_guards.c");
        }
        if self.is_int8() {
            text += template!("int8_guards.c");
            text += if self.is_packed() {
                template!("packed_channel.c")
            } else {
                template!("channel.c")
            };
            text += template!("dsp_guard.c");
        }
        text += match maps {
            Some(InputMaps::Real(_)) => template!("maps_real_type.c"),
            Some(InputMaps::Integer(_)) => template!("maps_integer_type.c"),
            None => "",
        };
        text += template!("sizes.c");
        text += &self.kernels();
        text += match maps {
            Some(InputMaps::Real(_)) => template!("maps_real.c"),
            Some(InputMaps::Integer(_)) => template!("maps_integer.c"),
            None => "",
        };
        if self.is_signed() {
            text += template!("signed.c");
            text += &saturate("signed", 8);
        } else if self.inputs().is_some() {
            text += template!("to_bytes.c");
        }
        text += &self.scores_c();
        text += self.answer_c();
        text += &self.verify_c();
        self.of_template(&text)
    }

    fn kernels(&self) -> String {
        if self.is_int8() {
            return self.kernels_int8();
        }
        let kernel = |of: &str, x: &str| {
            let values = [("_OF", of.to_owned()), ("X", x.to_owned())];
            fill(template!("affine.c"), &values)
        };
        let mut text = String::new();
        if self.input_type() != "float" {
            text += &kernel("_of_integers", self.input_type());
        }
        // A network of one layer has no f32 input but from outside.
        if self.input_type() == "float" || self.model.dims.len() > 2 {
            text += &kernel("", "float");
        }
        text
    }

    /// Whether a channel is a word.
    fn is_packed(&self) -> bool {
        self.model.bits().is_some()
    }

    /// Those of the bits that layers have.
    fn kernels_int8(&self) -> String {
        let requantize = if self.is_packed() {
            template!("requantize_packed.c")
        } else {
            template!("requantize.c")
        };
        let common = [requantize, template!("saturate_8.c"), &saturate("16", 16)].concat();
        let has =
            |bits| (0..self.model.arch().num_layers()).any(|layer| self.bits_of(layer) == bits);
        let layer = |[of, weights, start, arguments, words]: [&str; 5]| {
            let values = [
                ("OF", of),
                ("WEIGHTS", weights),
                ("START", start),
                ("ARGS", arguments),
                ("WORDS", words),
            ];
            fill(template!("layer.c"), &values.map(|(name, value)| (name, value.to_owned())))
        };
        let (mut dots, mut layers) = (String::new(), String::new());
        if has(Bits::Eight) {
            dots += template!("dots.c");
            layers += &layer(["", "", "", "x, groups, w, sums", "4"]);
        }
        if has(Bits::Four) {
            dots += template!("dots_int4.c");
            let start = "    const int32_t start = start_int4(x, groups);\n";
            let arguments = "x, groups, w, start, sums";
            layers += &layer(["_int4", " with weights of 4 bits", start, arguments, "2"]);
        }
        [dots, common, layers].concat()
    }

    /// Bytes of all numbers, in C.
    fn sizeof(&self) -> String {
        let mut arrays = match self.model.numbers {
            Numbers::F32(_) => vec!["PARAMS"],
            Numbers::Int8 { .. } => vec!["WEIGHTS", "CHANNELS"],
        };
        if self.inputs().is_some() {
            arrays.push("INPUT_LINES");
        }
        arrays.extend(match self.model.answer {
            Answer::Class => &[][..],
            Answer::Values { .. } => &["VALUE_OFFSET", "VALUE_FACTOR"],
            Answer::AnomalyScore { .. } => &["INPUT_OFFSET", "INPUT_FACTOR"],
            Answer::AnomalySteps { .. } => &["TARGET_LINES"],
        });
        let sizes: Vec<_> = arrays.iter().map(|name| format!("sizeof({name})")).collect();
        format!("({})", sizes.join(" + "))
    }

    /// The definition of `model_verify`, with what it needs.
    fn verify_c(&self) -> String {
        let maps = self.inputs().or(self.targets());
        let mut calls = Vec::new();
        if self.is_int8() {
            calls.push("crc_network(crc)".to_owned());
        } else {
            calls.push(floats_of("PARAMS"));
        }
        if self.inputs().is_some() {
            calls.push("crc_lines(crc, INPUT_LINES)".to_owned());
        }
        match self.model.answer {
            Answer::Class => {}
            Answer::Values { .. } => calls.extend(["VALUE_OFFSET", "VALUE_FACTOR"].map(floats_of)),
            Answer::AnomalyScore { .. } => {
                calls.extend(["INPUT_OFFSET", "INPUT_FACTOR"].map(floats_of));
            }
            Answer::AnomalySteps { .. } => calls.push("crc_lines(crc, TARGET_LINES)".to_owned()),
        }
        let mut text = template!("verify.c").to_owned();
        let is_real = matches!(maps, Some(InputMaps::Real(_)));
        if is_real || calls.iter().any(|call| call.starts_with("crc_floats")) {
            text += template!("verify_floats.c");
        }
        if self.is_int8() {
            let words = if self.is_packed() {
                "        crc = crc_word(crc, CHANNELS[i]);\n"
            } else {
                template!("verify_channel.c")
            };
            text += &fill(template!("verify_int8.c"), &[("CHANNEL", words.to_owned())]);
        }
        text += match maps {
            Some(InputMaps::Real(_)) => template!("verify_real_lines.c"),
            Some(InputMaps::Integer(_)) => template!("verify_integer_lines.c"),
            None => "",
        };
        text += "bool model_verify(void)\n{\n    uint32_t crc = UINT32_C(0xFFFFFFFF);\n\n";
        for call in calls {
            text += &format!("    crc = {call};\n");
        }
        text + "    return (crc ^ UINT32_C(0xFFFFFFFF)) == MODEL_CHECKSUM;\n}\n"
    }

    /// Names of inputs and outputs.
    fn all_names(&self) -> Vec<(&'static str, &'static str, &'static str, &[String])> {
        let mut all = Vec::new();
        if !self.input_names.is_empty() {
            let about = "Names of the inputs. A column of text is an input for each of its texts: 1 where x has it, 0 elsewhere.";
            all.push((about, "model_input_names", "MODEL_INPUTS", self.input_names));
        }
        match self.model.answer {
            Answer::Class => all.push((
                "Names of the classes.",
                "model_class_names",
                "MODEL_OUTPUTS",
                self.output_names,
            )),
            Answer::Values { .. } => {
                all.push((
                    "Names of the targets.",
                    "model_target_names",
                    "MODEL_OUTPUTS",
                    self.output_names,
                ));
            }
            Answer::AnomalyScore { .. } | Answer::AnomalySteps { .. } => {}
        }
        all
    }

    fn names_h(&self) -> String {
        let names = self.all_names();
        let lines = names.iter().map(|(about, name, len, _)| {
            format!("/* {about} */\nextern const char *const {name}[{len}];\n\n")
        });
        lines.collect()
    }

    /// The names in UTF-8, in a file of their own: what is not used is not linked.
    pub(super) fn names_c(&self) -> String {
        let mut text = String::from(
            "/* Names, in UTF-8. Written by `barenet export`. */\n#include \"model.h\"\n",
        );
        for (_, name, len, names) in self.all_names() {
            let lines: Vec<_> =
                names.iter().map(|name| format!("    {}", c_string(name))).collect();
            text +=
                &format!("\nconst char *const {name}[{len}] = {{\n{},\n}};\n", lines.join(",\n"));
        }
        text
    }
}

fn floats_of(name: &str) -> String {
    format!("crc_floats(crc, {name}, sizeof({name}) / sizeof({name}[0]))")
}

/// A function that cuts integers off at the ends of a signed type of so many bits.
fn saturate(name: &str, bits: usize) -> String {
    fill(template!("saturate.c"), &[("NAME", name.to_owned()), ("BITS", bits.to_string())])
}
