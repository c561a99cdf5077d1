//! The build script finds out whether a microcontroller has DSP instructions.

#[path = "../build.rs"]
#[allow(dead_code)]
mod build;

use build::{Dsp, dsp};

const V7M: &str = "thumbv7m-none-eabi";
const V7EM: &str = "thumbv7em-none-eabihf";
const V8M: &str = "thumbv8m.main-none-eabihf";

#[track_caller]
fn check(target: &str, flags: &[&str], expected: Dsp) {
    assert_eq!(dsp(target, flags.iter().copied(), false), expected, "{target} {flags:?}");
}

const fn named(cpu: &'static str) -> Dsp {
    Dsp::Yes { cpu: Some(cpu) }
}

#[test]
fn every_way_to_name_the_processor_counts() {
    for flags in [
        &["-C", "target-cpu=cortex-m33"][..],
        &["-Ctarget-cpu=cortex-m33"],
        &["--codegen", "target-cpu=cortex-m33"],
        &["--codegen=target-cpu=cortex-m33"],
        &["-C", "link-arg=-Tlink.x", "-C", "target-cpu=cortex-m33", "--cfg", "x"],
        &["-Ctarget-cpu=cortex-m3", "-Ctarget-cpu=cortex-m33"],
        &["-C", "target-feature=+dsp"],
        &["-Ctarget-feature=+fp-armv8,+dsp"],
        &["-Ctarget-feature=-dsp", "-Ctarget-feature=+dsp"],
    ] {
        check(V8M, flags, named("cortex-m33"));
    }
}

#[test]
fn every_core_with_the_instructions_has_them() {
    for target in ["thumbv7em-none-eabi", V7EM, "thumbv7em-nuttx-eabihf"] {
        check(target, &[], Dsp::Yes { cpu: None });
        check(target, &["-Ctarget-cpu=cortex-m7"], Dsp::Yes { cpu: None });
    }
    for cpu in [
        "cortex-m33",
        "cortex-m35p",
        "cortex-m52",
        "cortex-m55",
        "cortex-m85",
        "star-mc1",
        "star-mc3",
    ] {
        for target in ["thumbv8m.main-none-eabi", V8M] {
            check(target, &["-C", &format!("target-cpu={cpu}")], named(cpu));
        }
    }
    check(V7M, &["-Ctarget-cpu=cortex-m4"], named("cortex-m4"));
    check(V7M, &["-Ctarget-feature=+dsp"], named("cortex-m4"));
    assert_eq!(dsp(V8M, [].into_iter(), true), named("cortex-m33"), "the compiler says it");
}

#[test]
fn a_core_without_them_has_none_and_is_not_asked_about() {
    for target in
        [V7M, "thumbv6m-none-eabi", "thumbv8m.base-none-eabi", "riscv32imac-unknown-none-elf"]
    {
        check(target, &[], Dsp::No);
    }
    check("x86_64-unknown-linux-gnu", &["-Ctarget-cpu=native"], Dsp::No);
    // A kernel in Thumb code is of no use to the others.
    check("armv7r-none-eabihf", &["-Ctarget-feature=+dsp"], Dsp::No);
    for flags in [
        &["-Ctarget-feature=-dsp"][..],
        &["-C", "target-cpu=cortex-m33", "-C", "target-feature=-dsp"],
        &["-Ctarget-feature=-dsp", "-Ctarget-cpu=cortex-m55"],
    ] {
        check(V8M, flags, Dsp::No);
    }
    check(V7EM, &["-Ctarget-cpu=cortex-m3"], Dsp::No);
}

#[test]
fn where_nothing_says_it_that_is_said() {
    check(V8M, &[], Dsp::Unknown);
    check(V8M, &["-Ctarget-cpu=generic", "-C", "opt-level=3"], Dsp::Unknown);
    check("thumbv8m.main-none-eabi", &["-C", "link-arg=target-cpu=cortex-m33"], Dsp::Unknown);
    check(V8M, &["-Ctarget-feature=+dspx"], Dsp::Unknown);
}
