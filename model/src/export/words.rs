//! What differs in the text of generated crates by what goes in and what comes out.

mod test_vector;

use super::answer::Answer;
use super::contents::Contents;
use super::escape::{plain_line, rust_strings};
use super::inputs::InputMaps;
use super::listing::CrateFile;
use super::row::Row;
use test_vector::check_answers;

/// The words for what goes into a network, and for what comes out of it.
pub(super) struct Words<'a> {
    contents: &'a Contents<'a>,
    /// Bytes without names, in classes: images.
    is_image: bool,
    /// The type of the inputs.
    input: &'static str,
}

impl<'a> Words<'a> {
    pub(super) fn of(contents: &'a Contents<'a>) -> Self {
        let input = contents.input();
        let is_classes = contents.model.answer == Answer::Class;
        let is_named = !contents.input_names.is_empty() || !contents.order.is_empty();
        let is_image = input == "u8" && is_classes && !is_named;
        Self { contents, is_image, input }
    }

    fn sample(&self) -> &'static str {
        if self.is_image { "image" } else { "sample" }
    }

    /// The values of the templates.
    pub(super) fn values(&self) -> Vec<(&'static str, String)> {
        let sample = self.sample();
        let (a_sample, numbers, name, samples) = if self.is_image {
            ("an image", "bytes", "Image", "Images")
        } else {
            ("a sample", "numbers", "Sample", "Samples")
        };
        let (type_doc, each_score, answers) = self.answer();
        let zero = if self.input == "f32" { "0.0" } else { "0" };
        let (more_flash, more_numbers) = match self.contents.model.answer {
            Answer::Class => ("", ""),
            Answer::Values { .. } => (
                " + size_of_val(&VALUE_OFFSET) + size_of_val(&VALUE_FACTOR)",
                if self.contents.is_int8() {
                    ".chain(VALUE_OFFSET.iter().chain(&VALUE_FACTOR).map(|number| number.to_bits()))"
                } else {
                    ".chain(&VALUE_OFFSET).chain(&VALUE_FACTOR)"
                },
            ),
            Answer::AnomalyScore { .. } => (
                " + size_of_val(&INPUT_OFFSET) + size_of_val(&INPUT_FACTOR)",
                ".chain(&INPUT_OFFSET).chain(&INPUT_FACTOR)",
            ),
            Answer::AnomalySteps { .. } => (
                " + size_of_val(&maps::TARGETS)",
                ".chain(maps::TARGETS.iter().flat_map(|map| map.words()))",
            ),
        };
        let is_mapped = self.contents.inputs().is_some();
        let (flash_of_maps, numbers_of_maps) = if is_mapped {
            (
                " + size_of_val(&maps::INPUTS)",
                ".chain(maps::INPUTS.iter().flat_map(|map| map.words()))",
            )
        } else {
            ("", "")
        };
        let and_of_file = if more_flash.is_empty() { ", and of `weights.bin`" } else { "" };
        let mut values = vec![
            ("SAMPLE", sample.to_owned()),
            ("A_SAMPLE", a_sample.to_owned()),
            ("A_SAMPLE_", a_sample.replace(' ', "_")),
            ("SAMPLES", samples.to_owned()),
            ("SAMPLE_NAME", name.to_owned()),
            ("SAMPLE_TYPE", self.sample_type()),
            ("NUMBERS", numbers.to_owned()),
            ("INPUT", self.input.to_owned()),
            ("ZERO", zero.to_owned()),
            ("WHAT_GOES_IN", self.what_goes_in()),
            ("AND_OF_FILE", and_of_file.to_owned()),
            ("ANSWER_TYPE", type_doc),
            ("EACH_SCORE", each_score.to_owned()),
            ("ANSWERS", answers.join(", ")),
            ("ANSWER", answers.first().copied().unwrap_or_default().to_owned()),
            ("NAMES", self.names()),
            ("MORE_FLASH", format!("{flash_of_maps}{more_flash}")),
            ("MORE_NUMBERS", format!("{numbers_of_maps}{more_numbers}")),
        ];
        values.extend(self.of_answer());
        values.extend(self.of_maps());
        values.extend(self.test_vector());
        values
    }

    /// The values of the template of int8 that maps need.
    fn of_maps(&self) -> [(&'static str, String); 12] {
        fn of(is_there: bool, text: &str) -> &str {
            if is_there { text } else { "" }
        }
        let any = self.contents.inputs().or(self.contents.targets());
        let but_for = match self.contents.inputs() {
            Some(InputMaps::Real(_)) => {
                ": after a difference, a product and a rounding for each input"
            }
            Some(InputMaps::Integer(_)) | None => "",
        };
        let is_signed = self.contents.is_signed();
        let is_copied = self.contents.inputs().is_some() || is_signed;
        let sample = self.sample();
        let to_bytes = if is_signed {
            format!("    unsigned_bytes({sample}, &mut workspace.input)?;\n")
        } else {
            format!(
                "    barenet::quant::to_bytes(&maps::INPUTS, {sample}, &mut workspace.input)?;\n"
            )
        };
        [
            ("MOD_MAPS", of(any.is_some(), "mod maps;\n")),
            ("INPUT_FIELD", of(is_copied, "    input: [u8; ARCH.input_dim()],\n")),
            ("INPUT_NEW", of(is_copied, ", input: [0; ARCH.input_dim()]")),
            ("BUT_FOR", but_for),
            ("TO_BYTES", of(is_copied, &to_bytes)),
            (
                "QUANT",
                match (is_signed, self.contents.model.bits()) {
                    (true, _) => "{ByteScale, QuantNet, unsigned_bytes}",
                    (false, None) => "QuantNet",
                    (false, Some(_)) => "{Bits, MixedNet}",
                },
            ),
            (
                "IN_STEPS",
                if is_signed { ", as [`OUTPUT`] says" } else { ", in steps of [`SCORE_SCALE`]" },
            ),
            ("OUTPUT_FIELD", of(is_signed, "    outputs: [i8; ARCH.num_classes()],\n")),
            ("OUTPUT_NEW", of(is_signed, ", outputs: [0; ARCH.num_classes()]")),
            (
                "TO_SIGNED",
                of(is_signed, "    OUTPUT.signed(&workspace.scores, &mut workspace.outputs)?;\n"),
            ),
            ("RESULT", if is_signed { "outputs" } else { "scores" }),
            ("BYTES", if is_copied { "&workspace.input" } else { sample }),
        ]
        .map(|(name, text)| (name, text.to_owned()))
    }

    fn what_goes_in(&self) -> String {
        if self.contents.is_signed() {
            return "Samples go in as the bytes that the TFLite file takes, or as real numbers; every byte that comes out is \
                    TFLite's."
                .to_owned();
        }
        let go_in = if self.is_image {
            "Images go in as bytes"
        } else {
            "Samples go in as the numbers that they are"
        };
        format!("{go_in}{}", self.contents.in_weights.end_of_sentence())
    }

    fn sample_type(&self) -> String {
        let (input, inputs) = (self.input, self.contents.model.arch().input_dim());
        if self.is_image {
            return format!(
                "/// The bytes of an image, as the network was trained on them: {inputs} of them.\n\
                 pub type Image = [u8];"
            );
        }
        let Contents { input_names, order, .. } = self.contents;
        let order = if self.contents.is_signed() {
            "as [`INPUT`] says".to_owned()
        } else if !order.is_empty() {
            plain_line(order)
        } else if input_names.is_empty() {
            "as the network was trained on them".to_owned()
        } else {
            "in the units of the table and the order of [`INPUT_NAMES`]".to_owned()
        };
        format!(
            "/// The numbers of a sample, {order}: {inputs} of them.\npub type Sample = [{input}];"
        )
    }

    /// The type of the answer, what each score is, and the functions to import.
    fn answer(&self) -> (String, &'static str, &'static [&'static str]) {
        match self.contents.model.answer {
            Answer::Class => (
                "/// The number of a class, from 0.\npub type Class = barenet::Label;\n".to_owned(),
                "A score for each class",
                &["predict", "scores"],
            ),
            Answer::Values { .. } => (
                "/// A value for each target, in its own unit.\npub type Values = [f32; ARCH.num_classes()];\n"
                    .to_owned(),
                if self.contents.is_int8() {
                    "A score for each target"
                } else {
                    "A score for each target: its value in deviations from the mean"
                },
                &["predict", "scores"],
            ),
            Answer::AnomalyScore { .. } | Answer::AnomalySteps { .. } => (
                String::new(),
                "A score for each input, which it gives back as it is scaled",
                &["anomaly_score", "scores"],
            ),
        }
    }

    /// Names of inputs and outputs, and the threshold.
    fn names(&self) -> String {
        let Contents { input_names, output_names, model, .. } = self.contents;
        let mut text = String::new();
        if !input_names.is_empty() {
            text += &format!(
                "/// Names of the inputs. A column of text is an input for each of its texts, `column = text`: 1 where a\n\
                 /// sample has it and 0 elsewhere.\n\
                 pub const INPUT_NAMES: [&str; {}] = {};\n",
                input_names.len(),
                rust_strings(input_names)
            );
        }
        match &model.answer {
            Answer::Class => text += "/// Names of the classes.\npub const CLASS_NAMES",
            Answer::Values { .. } => text += "/// Names of the targets.\npub const TARGET_NAMES",
            Answer::AnomalyScore { threshold, .. } | Answer::AnomalySteps { threshold, .. } => {
                return text
                    + &format!(
                        "/// The score above which a sample is an anomaly.\n\
                         pub const THRESHOLD: f32 = {};\n",
                        f32_literal(*threshold)
                    );
            }
        }
        let outputs = model.arch().num_classes();
        text + &format!(": [&str; {outputs}] = {};\n", rust_strings(output_names))
    }

    /// The values of the template of the answer, and of its check.
    fn of_answer(&self) -> Vec<(&'static str, String)> {
        let model = self.contents.model;
        let score = self.contents.score();
        let as_f32 = match score {
            "f32" => "score",
            "i8" => "f32::from(i16::from(score) - i16::from(OUTPUT.zero_point()))",
            _ => "f32::from(score)",
        };
        let sample = self.sample();
        match &model.answer {
            Answer::Class => {
                let check = format!(
                    "        let best = scores.iter().copied().fold(scores[0], {score}::max);\n        \
                     assert_eq!(expected[predict({sample}, &mut workspace).unwrap() as usize], best);\n    }}\n}}\n"
                );
                vec![("CHECK_ANSWER", check)]
            }
            Answer::Values { offset, factor } => vec![
                ("VALUE_OFFSET", format!("{offset:?}")),
                ("VALUE_FACTOR", format!("{factor:?}")),
                ("SCORE_AS_F32", as_f32.to_owned()),
                ("CHECK_ANSWER", check_answers("predict", ".map(f32::to_bits)")),
            ],
            Answer::AnomalyScore { .. } => {
                vec![("CHECK_ANSWER", check_answers("anomaly_score", ".to_bits()"))]
            }
            Answer::AnomalySteps { square, most, .. } => vec![
                ("CHECK_ANSWER", check_answers("anomaly_score", ".to_bits()")),
                ("SQUARE", f32_literal(*square)),
                ("MOST", most.to_string()),
            ],
        }
    }
}

/// A number as Rust has it, infinite ones too.
fn f32_literal(number: f32) -> String {
    if number.is_finite() { format!("{number:?}") } else { "f32::INFINITY".to_owned() }
}

impl Contents<'_> {
    /// The source of the maps of inputs, if there are some.
    pub(super) fn maps_rs(&self) -> Option<String> {
        let maps = [("INPUTS", self.inputs()), ("TARGETS", self.targets())];
        let maps = maps.into_iter().filter_map(|(name, maps)| Some((name, maps?)));
        let kind = maps.clone().next()?.1.type_name();
        let text = "//! Maps of the inputs to integers: the bytes of the network, and what an autoencoder gives back.\n";
        let parts: Vec<_> = maps.map(|(name, maps)| maps.source(name)).collect();
        Some(format!("{text}\nuse barenet::quant::{kind};\n\n{}", parts.join("\n")))
    }

    /// Files of numbers besides the weights.
    pub(super) fn more_files(&self) -> Vec<CrateFile> {
        let mut files = Vec::new();
        if Words::of(self).is_image {
            let bytes = self.samples.iter().flat_map(|row| match row {
                Row::U8(bytes) => *bytes,
                Row::I8(_) | Row::I16(_) | Row::F32(_) => &[],
            });
            files.push(("src/images.bin".to_owned(), bytes.copied().collect()));
        }
        if let Answer::AnomalyScore { offset, factor, .. } = &self.model.answer {
            for (name, numbers) in [("input_offset", offset), ("input_factor", factor)] {
                let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                files.push((format!("src/{name}.bin"), bytes));
            }
        }
        files
    }
}
