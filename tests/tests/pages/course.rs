//! The cells of `docs/course.md`, compiled from the page; each prints what the page says.
//!
//! An error of the compiler in line n of the generated file is one in line n of the page. Backends have tests of
//! their own: the build with OpenBLAS does not run the page again.

#![cfg(not(feature = "openblas"))]
#![allow(clippy::approx_constant)] // The document's reg is 3.14, not pi.

use std::cell::RefCell;
use std::fmt::Write;

const PAGE: &str = include_str!("../../../docs/course.md");

/// How far accuracies and losses of trainings may be from the page's: other CPUs add in other orders.
const TRAINING: f64 = 0.05;

thread_local! {
    static PRINTED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Prints to where [`cell`] finds it.
macro_rules! println {
    ($($arg:tt)*) => {
        PRINTED.with_borrow_mut(|printed| writeln!(printed, $($arg)*).unwrap())
    };
}

/// Runs the cell that begins in line `line` of the page, and compares what it prints.
fn cell(line: usize, needs_cifar10: bool, run: fn() -> Result<()>) {
    if needs_cifar10 && std::env::var_os("CIFAR10_DIR").is_none() {
        eprintln!("skipped: CIFAR10_DIR does not say where CIFAR-10 is");
        return;
    }
    let result = run();
    let printed = PRINTED.take();
    std::print!("{printed}");
    result.unwrap();
    let expected: Vec<&str> = PAGE
        .lines()
        .skip(line)
        .skip_while(|line| *line != "```text")
        .skip(1)
        .take_while(|line| *line != "```")
        .collect();
    let tolerance = if needs_cifar10 { TRAINING } else { 0.0 };
    let same = printed.lines().count() == expected.len()
        && printed.lines().zip(&expected).all(|(a, b)| same_line(a, b, tolerance));
    assert!(
        same,
        "line {line} of docs/course.md prints\n{printed}instead of\n{}",
        expected.join("\n")
    );
}

/// Whether two lines have the same words. An error in a gradient is rounding, of which only the size is
/// the same everywhere; the cell itself holds it against the document's.
fn same_line(a: &str, b: &str, tolerance: f64) -> bool {
    let number = |word: &str| word.trim_matches(['(', ')', ';']).parse::<f64>().ok();
    let same_word = |(a, b): (&str, &str)| match (number(a), number(b)) {
        (Some(x), Some(y)) if a.contains('e') => (x / y).log10().abs() < 1.0,
        (Some(x), Some(y)) => (x - y).abs() <= tolerance,
        _ => a == b,
    };
    a.split(' ').count() == b.split(' ').count() && a.split(' ').zip(b.split(' ')).all(same_word)
}

include!(concat!(env!("OUT_DIR"), "/course.rs"));
