//! Gives the linker the memory of the board.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=../memory");
    let variable = |name| env::var_os(name).ok_or(io::ErrorKind::NotFound);
    let is_v8m = variable("TARGET")?.to_string_lossy().starts_with("thumbv8m");
    let memory = if is_v8m { "../memory/mps2-an505.x" } else { "../memory/mps2.x" };
    let out_dir = PathBuf::from(variable("OUT_DIR")?);
    fs::copy(memory, out_dir.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out_dir.display());
    Ok(())
}
