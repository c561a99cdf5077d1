//! Names for what the target has.
//!
//! `own_kernels`: there are kernels of this crate for its vector instructions.
//!
//! `cortex_m_dsp`: it has the DSP instructions of Cortex-M. Stable Rust does not tell the code that is
//! compiled, nor does it tell a build script. What is known is the target's name and every flag that
//! cargo gives the compiler, from `RUSTFLAGS` and from all `.cargo/config.toml`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    println!("cargo::rustc-check-cfg=cfg(cortex_m_dsp, values(none(), \"named\"))");
    println!("cargo::rustc-check-cfg=cfg(own_kernels)");
    let variable = |name| env::var(name).unwrap_or_default();
    if matches!(&*variable("CARGO_CFG_TARGET_ARCH"), "x86_64" | "aarch64") {
        println!("cargo::rustc-cfg=own_kernels");
    }
    let (target, flags) = (variable("TARGET"), variable("CARGO_ENCODED_RUSTFLAGS"));
    // What a compiler that tells unstable features says, nightly for one.
    let told = variable("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "dsp");
    match dsp(&target, flags.split('\u{1f}'), told) {
        Dsp::Yes { cpu: None } => println!("cargo::rustc-cfg=cortex_m_dsp"),
        Dsp::Yes { cpu: Some(cpu) } => {
            println!("cargo::rustc-cfg=cortex_m_dsp");
            println!("cargo::rustc-cfg=cortex_m_dsp=\"named\"");
            println!("cargo::rustc-env=CORTEX_M_CPU={cpu}");
        }
        Dsp::No => {}
        Dsp::Unknown => println!(
            "cargo::warning=nothing says whether this processor has DSP instructions, so int8 layers take \
             the portable kernel, with the same results in more than twice the time: add `-C \
             target-cpu=cortex-m33`, or what it is, to the rustflags, and if it was made without them \
             `-C target-feature=-dsp`"
        ),
    }
}

/// Whether there are DSP instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dsp {
    /// There are.
    Yes {
        /// The processor that the assembler has to be told, if the target's name does not say that it has
        /// them: link-time optimisation reads assembly without the compiler's flags.
        cpu: Option<&'static str>,
    },
    /// There are none.
    No,
    /// On a processor that may have them.
    Unknown,
}

/// Processors with the DSP instructions, by the compiler's names.
const WITH: [&str; 9] = [
    "cortex-m4",
    "cortex-m7",
    "cortex-m33",
    "cortex-m35p",
    "cortex-m52",
    "cortex-m55",
    "cortex-m85",
    "star-mc1",
    "star-mc3",
];

/// Processors without.
const WITHOUT: [&str; 7] =
    ["cortex-m0", "cortex-m0plus", "cortex-m1", "cortex-m23", "cortex-m3", "sc000", "sc300"];

/// Finds out what `target` and the compiler's flags say; `told` is whether the compiler itself says yes.
pub(crate) fn dsp<'a>(target: &str, flags: impl Iterator<Item = &'a str>, told: bool) -> Dsp {
    let is_v7em = target.starts_with("thumbv7em");
    let is_v8m = target.starts_with("thumbv8m.main") || target.starts_with("thumbv8.1m.main");
    if !(is_v7em || is_v8m || target.starts_with("thumbv7m")) {
        return Dsp::No;
    }
    let (mut feature, mut cpu) = (None, None);
    for option in codegen_options(flags) {
        if let Some(name) = option.strip_prefix("target-cpu=") {
            cpu = Some(name); // The last one counts.
        } else if let Some(features) = option.strip_prefix("target-feature=") {
            for name in features.split(',') {
                match name.trim() {
                    "+dsp" => feature = Some(true),
                    "-dsp" => feature = Some(false),
                    _ => {}
                }
            }
        }
    }
    let with = cpu.and_then(|cpu| WITH.into_iter().find(|&name| name == cpu));
    let without = cpu.is_some_and(|cpu| WITHOUT.contains(&cpu));
    let has = feature.or(told.then_some(true)).or(match with {
        Some(_) => Some(true),
        None if without => Some(false),
        // Every ARMv7E-M has them, and no ARMv7-M.
        None if !is_v8m => Some(is_v7em),
        None => None,
    });
    match has {
        Some(true) if is_v7em => Dsp::Yes { cpu: None },
        Some(true) => {
            Dsp::Yes { cpu: with.or(Some(if is_v8m { "cortex-m33" } else { "cortex-m4" })) }
        }
        Some(false) => Dsp::No,
        None => Dsp::Unknown,
    }
}

/// Options after `-C`, in each of the ways to write it.
fn codegen_options<'a>(flags: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let mut is_next = false;
    flags.filter_map(move |flag| {
        if core::mem::take(&mut is_next) {
            return Some(flag);
        }
        if flag == "-C" || flag == "--codegen" {
            is_next = true;
            return None;
        }
        flag.strip_prefix("--codegen=").or_else(|| flag.strip_prefix("-C"))
    })
}
