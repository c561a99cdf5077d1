//! The numbers of a network in C.

use super::escape::{array, c_float};
use crate::export::answer::Answer;
use crate::export::channels::Channels;
use crate::export::contents::Contents;
use crate::export::inputs::InputMaps;
use crate::export::model::Numbers;

impl Contents<'_> {
    /// The file of numbers, which the code includes once.
    pub(super) fn numbers_h(&self) -> String {
        let mut text = String::from(
            "/* The numbers of the network, for model.c alone. Written by `barenet export`. */\n\
             #ifndef MODEL_NUMBERS_H\n#define MODEL_NUMBERS_H\n\n",
        );
        text += &self.network_numbers();
        text += &self.answer_numbers();
        text + "\n#endif\n"
    }

    fn network_numbers(&self) -> String {
        match &self.model.numbers {
            Numbers::F32(params) => {
                let lines = array("static const float PARAMS", floats(params));
                format!("/* The weights and biases: W1 b1 W2 b2 ... */\n{lines}")
            }
            Numbers::Int8 { weights, channels, inputs, .. } => {
                let words = weights.iter().map(|word| format!("0x{word:08X}u"));
                let (words_of, channels_of, of_channels): (_, _, Vec<_>) = match channels {
                    Channels::Whole(channels) => (
                        "four words",
                        "Bias, multiplier and shift of each output of each layer.",
                        channels
                            .iter()
                            .map(|channel| {
                                let (bias, multiplier) = (channel.bias(), channel.multiplier());
                                format!("{{{bias}, {multiplier}, {}u}}", -2 - channel.shift())
                            })
                            .collect(),
                    ),
                    Channels::Packed(_, channels) => (
                        "four words where they have 8 bits, in two where they have 4",
                        "Bias and factor of each output of each layer.",
                        channels.iter().map(|c| format!("0x{:08X}u", c.bits())).collect(),
                    ),
                };
                let mut text = format!(
                    "/* The weights, packed: four inputs for four outputs in {words_of}. */\n"
                );
                text += &array("static const uint32_t WEIGHTS", words);
                text += &format!("\n/* {channels_of} */\n");
                text += &array("static const channel CHANNELS", of_channels.into_iter());
                if let Some(maps) = inputs {
                    text += "\n/* From the inputs to bytes. */\n";
                    text += &lines(maps, "INPUT_LINES");
                }
                text
            }
        }
    }

    fn answer_numbers(&self) -> String {
        let pair = |about: &str, names: [&str; 2], offset: &[f32], factor: &[f32]| {
            let [offset_name, factor_name] = names.map(|name| format!("static const float {name}"));
            format!(
                "\n/* {about} */\n{}{}",
                array(&offset_name, floats(offset)),
                array(&factor_name, floats(factor))
            )
        };
        match &self.model.answer {
            Answer::Class => String::new(),
            Answer::Values { offset, factor } => pair(
                "A value is this, and its factor times the score.",
                ["VALUE_OFFSET", "VALUE_FACTOR"],
                offset,
                factor,
            ),
            Answer::AnomalyScore { offset, factor, .. } => pair(
                "The scaling of the inputs: what is subtracted, and what is multiplied with then.",
                ["INPUT_OFFSET", "INPUT_FACTOR"],
                offset,
                factor,
            ),
            Answer::AnomalySteps { targets, .. } => {
                format!(
                    "\n/* From the inputs to what the scores are like. */\n{}",
                    lines(targets, "TARGET_LINES")
                )
            }
        }
    }
}

fn floats(numbers: &[f32]) -> impl Iterator<Item = String> {
    numbers.iter().map(|&number| c_float(number))
}

/// The lines of inputs.
fn lines(maps: &InputMaps, name: &str) -> String {
    let declaration = format!("static const line {name}");
    match maps {
        InputMaps::Real(maps) => {
            let one = |offset, factor| format!("{{{}, {}}}", c_float(offset), c_float(factor));
            array(&declaration, maps.iter().map(|map| one(map.offset(), map.factor())))
        }
        InputMaps::Integer(maps) => {
            let lines = maps.iter().map(|map| {
                format!("{{INT64_C({}), {}, {}u}}", map.bias(), map.multiplier(), map.shift())
            });
            array(&declaration, lines)
        }
    }
}
