//! Whether the target has the DSP instructions: stable Rust does not tell the code that is compiled.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(cortex_m_dsp)");
    let is_set = |name, found: fn(&str) -> bool| env::var(name).is_ok_and(|value| found(&value));
    // Cortex-M4 and M7 always have them; a Cortex-M33 says so by `-C target-feature=+dsp`.
    if is_set("TARGET", |target| target.starts_with("thumbv7em"))
        || is_set("CARGO_ENCODED_RUSTFLAGS", |flags| flags.contains("+dsp"))
    {
        println!("cargo::rustc-cfg=cortex_m_dsp");
    }
}
