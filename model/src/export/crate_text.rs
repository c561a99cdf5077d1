//! The text of the generated crate, from templates in which `@NAME@` stands for what differs.

use super::answer::Answer;
use super::channels::Channels;
use super::contents::Contents;
use super::escape::{fill, plain_line};
use super::local::Local;
use super::model::Numbers;
use super::signed::Signed;
use super::words::Words;
use barenet::quant::ByteScale;
use std::fmt::Write as _;

impl Contents<'_> {
    /// Length of the workspace of f32.
    const fn workspace(&self) -> &'static str {
        match self.model.local {
            Some(_) => "ARCH.folded_workspace_len()",
            None => "ARCH.infer_workspace_len(1)",
        }
    }

    /// What integers stand for.
    fn scales(&self) -> String {
        let Numbers::Int8 { score_scale, signed, .. } = self.model.numbers else {
            return String::new();
        };
        let Some(Signed { input, output }) = signed else {
            return format!(
                "/// A real score is this times the integer.\npub const SCORE_SCALE: f64 = {score_scale:?};"
            );
        };
        let scale = |about: &str, name: &str, scale: ByteScale| {
            let (step, zero_point) = (scale.scale(), scale.zero_point());
            format!(
                "/// What the bytes that {about} stand for.\n\
                 pub const {name}: ByteScale = ByteScale::new({step:?}, {zero_point});"
            )
        };
        [scale("go in", "INPUT", input), scale("come out", "OUTPUT", output)].join("\n")
    }

    /// The network of integers: its type, and what it is made of.
    fn of_bits(&self) -> [(&'static str, String); 5] {
        let bits = self.model.bits();
        let of_layers = bits.map_or_else(String::new, |bits| {
            let names: Vec<_> = bits.iter().map(|bits| format!("Bits::{bits:?}")).collect();
            format!(
                "/// Bits of each layer's weights.\npub const BITS: [Bits; {}] = [{}];\n",
                bits.len(),
                names.join(", ")
            )
        });
        let [net, of_bits, len, words] = match bits {
            None => [
                "QuantNet",
                "",
                "quant_weights_len()",
                "flat_map(|channel| {\n        \
                 [channel.bias(), channel.multiplier(), channel.shift()].map(i32::cast_unsigned)\n    })",
            ],
            Some(_) => {
                ["MixedNet", "&BITS, ", "mixed_weights_len(&BITS)", "map(|channel| channel.bits())"]
            }
        };
        [
            ("BITS_OF_LAYERS", of_layers),
            ("WORDS_OF_CHANNELS", words.to_owned()),
            ("NET", net.to_owned()),
            ("OF_BITS", of_bits.to_owned()),
            ("WEIGHTS_LEN", len.to_owned()),
        ]
    }

    fn fill(&self, template: &str) -> String {
        let arch = self.model.arch();
        let mut score_lines = String::new();
        for scores in self.scores {
            score_lines += &format!("    {},\n", scores.literal());
        }
        let mut values = vec![
            ("DIMS", format!("{:?}", self.model.dims)),
            ("WITH_LOCAL", self.model.local.as_ref().map(Local::source).unwrap_or_default()),
            ("WORKSPACE", self.workspace().to_owned()),
            ("CHECKSUM", format!("{:#010X}", self.model.checksum())),
            ("INPUTS", arch.input_dim().to_string()),
            ("CLASSES", arch.num_classes().to_string()),
            ("SCALES", self.scales()),
            ("COUNT", self.scores.len().to_string()),
            ("SCORE", self.score().to_owned()),
            ("SCORES", score_lines),
            ("SIZES", arch.to_string()),
            ("DTYPE", self.dtype().to_owned()),
            ("ORIGIN", plain_line(self.origin)),
            ("CRATE", self.name.replace('-', "_")),
            ("RAM", self.model.ram_bytes().to_string()),
            ("FLASH", self.model.flash_bytes().to_string()),
        ];
        values.extend(self.of_bits());
        values.extend(Words::of(self).values());
        fill(template, &values)
    }

    pub(super) fn lib_rs(&self) -> String {
        let network = if self.is_int8() {
            include_str!("templates/int8.rs")
        } else {
            include_str!("templates/f32.rs")
        };
        let answer = match self.model.answer {
            Answer::Class => include_str!("templates/class.rs"),
            Answer::Values { .. } => include_str!("templates/values.rs"),
            Answer::AnomalyScore { .. } => include_str!("templates/anomaly_f32.rs"),
            Answer::AnomalySteps { .. } => include_str!("templates/anomaly_int8.rs"),
        };
        let of_reals = if self.is_signed() { include_str!("templates/of_reals.rs") } else { "" };
        let network = network.replace("@OF_REALS@", of_reals);
        self.fill(&[include_str!("templates/head.rs"), &network, answer].concat())
    }

    pub(super) fn channels_rs(&self) -> Option<String> {
        let Numbers::Int8 { channels, .. } = &self.model.numbers else { return None };
        let (what, name, lines): (_, _, Vec<_>) = match channels {
            Channels::Whole(channels) => (
                "Bias, multiplier and shift of each output of each layer.",
                "Channel",
                channels
                    .iter()
                    .map(|c| format!("{}, {}, {}", c.bias(), c.multiplier(), c.shift()))
                    .collect(),
            ),
            Channels::Packed(_, channels) => (
                "Bias and factor of each output of each layer, in four bytes.",
                "PackedChannel",
                channels.iter().map(|c| format!("{:#010X}", c.bits())).collect(),
            ),
        };
        let mut text = format!(
            "//! {what}\n\nuse barenet::quant::{name};\n\npub(crate) static CHANNELS: [{name}; {}] = [\n",
            lines.len()
        );
        for line in lines {
            let _infallible = writeln!(text, "    {name}::new({line}),");
        }
        text += "];\n";
        Some(text)
    }

    pub(super) fn test_vector_rs(&self) -> String {
        self.fill(include_str!("templates/test_vector.rs"))
    }

    pub(super) fn test_rs(&self) -> String {
        self.fill(include_str!("templates/predict.rs"))
    }
}

/// Source of the part of `barenet-blas` that an exported crate uses.
pub(super) fn blas_lib_rs(is_int8: bool) -> String {
    let mut text = String::from(
        "//! The part of `barenet-blas` for microcontrollers: all code of an exported crate that is `unsafe`.\n\n\
         #![no_std]\n\n\
         pub mod flash;\n",
    );
    if is_int8 {
        text += "mod cortex_m;\n\npub use cortex_m::CortexMDsp;\n";
    }
    text
}
