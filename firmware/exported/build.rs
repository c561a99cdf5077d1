//! Gives the linker the memory of the board.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=../memory/mps2.x");
    let out_dir = env::var_os("OUT_DIR").map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    fs::copy("../memory/mps2.x", out_dir.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out_dir.display());
    Ok(())
}
