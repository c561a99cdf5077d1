//! The text of the generated crate, from templates in which `@NAME@` stands for what differs.

use super::escape::{fill, plain_line, rust_strings};
use super::library::{LIBM_LOCKED, LIBM_VERSION};
use super::model::{Model, Numbers, Scores};
use std::fmt::Write as _;

/// What a generated crate is made of.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The crate's name.
    pub name: &'a str,
    /// One line on where the network comes from.
    pub origin: &'a str,
    /// The network.
    pub model: &'a Model,
    /// What the classes are called.
    pub class_names: &'a [String],
    /// Images of the test vector, one after another.
    pub images: &'a [u8],
    /// Their scores.
    pub scores: &'a [Scores],
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

impl Contents<'_> {
    const fn is_int8(&self) -> bool {
        matches!(self.model.numbers, Numbers::Int8 { .. })
    }

    /// `3072-100-10`.
    fn sizes(&self) -> String {
        self.model.dims.iter().map(usize::to_string).collect::<Vec<_>>().join("-")
    }

    fn fill(&self, template: &str) -> String {
        let arch = self.model.arch();
        let (score, score_scale) = match self.model.numbers {
            Numbers::F32(_) => ("f32", 1.0),
            Numbers::Int8 { score_scale, .. } => ("i16", score_scale),
        };
        let dtype = if self.is_int8() { "int8" } else { "f32" };
        let mut score_lines = String::new();
        for scores in self.scores {
            let line = match scores {
                // As many digits as give the same bits back.
                Scores::F32(scores) => format!("{scores:?}"),
                Scores::Int8(scores) => format!("{scores:?}"),
            };
            score_lines += &format!("    {line},\n");
        }
        let values = [
            ("DIMS", format!("{:?}", self.model.dims)),
            ("CHECKSUM", format!("{:#010X}", self.model.checksum())),
            ("INPUTS", arch.input_dim().to_string()),
            ("CLASSES", arch.num_classes().to_string()),
            ("NAMES", rust_strings(self.class_names)),
            ("SCALE", format!("{score_scale:?}")),
            ("COUNT", self.scores.len().to_string()),
            ("SCORE", score.to_owned()),
            ("SCORES", score_lines),
            ("SIZES", self.sizes()),
            ("DTYPE", dtype.to_owned()),
            ("ORIGIN", plain_line(self.origin)),
            ("CRATE", self.name.replace('-', "_")),
            ("RAM", self.model.ram_bytes().to_string()),
            ("FLASH", self.model.flash_bytes().to_string()),
        ];
        fill(template, &values)
    }

    pub(super) fn lib_rs(&self) -> String {
        let network = if self.is_int8() {
            include_str!("templates/int8.rs")
        } else {
            include_str!("templates/f32.rs")
        };
        let (head, common) =
            (include_str!("templates/head.rs"), include_str!("templates/common.rs"));
        self.fill(&[head, network, common].concat())
    }

    pub(super) fn channels_rs(&self) -> Option<String> {
        let Numbers::Int8 { channels, .. } = &self.model.numbers else { return None };
        let mut text = format!(
            "//! Bias, multiplier and shift of each output of each layer.\n\nuse barenet::quant::Channel;\n\
             \npub(crate) static CHANNELS: [Channel; {}] = [\n",
            channels.len()
        );
        for channel in channels {
            let (bias, multiplier, shift) = (channel.bias(), channel.multiplier(), channel.shift());
            let _infallible = writeln!(text, "    Channel::new({bias}, {multiplier}, {shift}),");
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

    pub(super) fn cargo_toml(&self) -> String {
        let Self { name, .. } = self;
        let origin = toml::Value::from(plain_line(self.origin));
        let kernels =
            if self.is_int8() { "barenet-blas = { path = \"barenet-blas\" }\n" } else { "" };
        format!(
            "[package]\n\
             name = \"{name}\"\n\
             description = {origin}\n\
             version = \"0.1.0\"\n\
             edition = \"2024\"\n\
             rust-version = \"{RUST_VERSION}\"\n\
             publish = false\n\
             \n\
             [dependencies]\n\
             barenet = {{ path = \"barenet\" }}\n\
             {kernels}\n\
             # The crate tests on its own wherever it lies. To make it a member of a workspace, remove this.\n\
             [workspace]\n"
        )
    }

    /// So that cargo takes the libm that is on this computer, and needs no network.
    pub(super) fn cargo_lock(&self) -> String {
        let (mut kernels, mut kernels_package) = ("", String::new());
        if self.is_int8() {
            kernels = " \"barenet-blas\",\n";
            kernels_package = format!(
                "[[package]]\nname = \"barenet-blas\"\nversion = \"{VERSION}\"\ndependencies = [\n \"barenet\",\n]\n\n"
            );
        }
        let mut packages = [
            format!(
                "[[package]]\nname = \"barenet\"\nversion = \"{VERSION}\"\ndependencies = [\n \"libm\",\n]\n\n"
            ),
            kernels_package,
            format!("{LIBM_LOCKED}\n\n"),
            format!(
                "[[package]]\nname = \"{}\"\nversion = \"0.1.0\"\ndependencies = [\n \"barenet\",\n{kernels}]\n\n",
                self.name
            ),
        ];
        packages.sort();
        let packages = packages.concat();
        format!(
            "# This file is automatically @generated by Cargo.\n\
             # It is not intended for manual editing.\n\
             version = 4\n\n{}\n",
            packages.trim_end()
        )
    }
}

pub(super) fn barenet_toml() -> String {
    let about = "Fully-connected neural networks without std, heap or unsafe";
    let rest = format!("[features]\nstd = []\n\n[dependencies]\nlibm = \"{LIBM_VERSION}\"\n");
    library_toml("barenet", about, &rest)
}

pub(super) fn blas_toml() -> String {
    let about = "int8 layers by the DSP instructions of Cortex-M4, M7, M33 and above";
    library_toml("barenet-blas", about, "[dependencies]\nbarenet = { path = \"../barenet\" }\n")
}

/// The manifest of one of barenet's own packages, and what is particular to it.
fn library_toml(name: &str, description: &str, rest: &str) -> String {
    format!(
        "[package]\n\
         name = \"{name}\"\n\
         description = \"{description}\"\n\
         version = \"{VERSION}\"\n\
         edition = \"2024\"\n\
         rust-version = \"{RUST_VERSION}\"\n\
         license = \"MIT OR Apache-2.0\"\n\
         publish = false\n\
         \n\
         {rest}"
    )
}

pub(super) const BLAS_LIB_RS: &str = "\
//! The part of `barenet-blas` for microcontrollers: [`CortexMDsp`], int8 layers by DSP instructions.

#![no_std]

mod cortex_m;

pub use cortex_m::CortexMDsp;
";
