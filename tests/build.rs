//! Makes tests of the cells of `docs/course.md`: line n of what is generated is line n of the page.

use std::fmt::Write;
use std::path::Path;

/// Module-level code, a test's body, or text of the page.
enum Place {
    Text,
    Setup,
    Cell,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page = "../docs/course.md";
    println!("cargo:rerun-if-changed={page}");
    let (mut code, mut place) = (String::new(), Place::Text);
    let (mut section, mut cells) = (String::new(), 0);
    for (line, number) in std::fs::read_to_string(page)?.lines().zip(1..) {
        match (&place, line) {
            (Place::Text, "```rust setup") => place = Place::Setup,
            (Place::Text, "```rust" | "```rust cifar10") => {
                cells += 1;
                let needs_cifar10 = line.ends_with("cifar10");
                write!(
                    code,
                    "#[test] fn {section}_{cells}() {{ cell({number}, {needs_cifar10}, || {{"
                )?;
                place = Place::Cell;
            }
            (Place::Text, _) => {
                if let Some(heading) = line.strip_prefix("##") {
                    let words = heading.trim_start_matches('#').to_lowercase();
                    let words = words.split(|c: char| !c.is_alphanumeric());
                    section = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
                    cells = 0;
                }
            }
            (Place::Setup, "```") => place = Place::Text,
            (Place::Cell, "```") => {
                code.push_str("Ok(()) }); }");
                place = Place::Text;
            }
            (Place::Setup | Place::Cell, _) => code.push_str(line),
        }
        code.push('\n');
    }
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("course.rs"), code)?;
    Ok(())
}
