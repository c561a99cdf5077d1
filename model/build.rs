//! Puts the source of the library into the command, for `barenet export` to write beside a network:
//! what it writes then builds on any machine.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = root.parent().ok_or("this crate has no workspace")?;
    let core = root.join("core/src");
    let lock = root.join("Cargo.lock");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", core.display());
    println!("cargo::rerun-if-changed={}", lock.display());

    let mut files = Vec::new();
    collect(&core, &mut files)?;
    files.sort();
    let mut text = String::from("/// Path below `src`, and text, of every file of the library.\n");
    text += "pub const CORE_SOURCE: &[(&str, &str)] = &[\n";
    for file in &files {
        // Cargo and rustc want the same path on every system.
        let name = file.strip_prefix(&core)?.display().to_string().replace('\\', "/");
        writeln!(text, "    ({name:?}, include_str!({:?})),", file.display().to_string())?;
    }
    text += "];\n";

    let locked = fs::read_to_string(&lock)?;
    let libm = locked.split("\n\n").find(|package| package.contains("\nname = \"libm\"\n"));
    let libm = libm.ok_or("Cargo.lock: libm is missing")?.trim();
    let version = libm.lines().find_map(|line| line.strip_prefix("version = "));
    let version = version.ok_or("Cargo.lock: libm has no version")?.trim_matches('"');
    writeln!(text, "/// Entry of libm in `Cargo.lock`.\npub const LIBM_LOCKED: &str = {libm:?};")?;
    writeln!(text, "/// The version of libm.\npub const LIBM_VERSION: &str = {version:?};")?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("library_source.rs"), text)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
