//! The pages of the documentation name files and tests that there are.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// README.md and its like, and all of docs/.
fn pages() -> Vec<PathBuf> {
    let root = root();
    let in_docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
        .map(|name| root.join(name))
        .into_iter()
        .chain(in_docs)
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// Pieces of a page between backticks, code blocks excluded.
fn quoted(page: &str) -> Vec<&str> {
    page.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

/// Targets of the page's links within the repository: a file, empty for the page itself, and a heading in it, if one is named.
fn links(page: &str) -> Vec<(&str, Option<&str>)> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.filter(|target| !target.contains("://"));
    targets
        .map(|target| match target.split_once('#') {
            Some((file, heading)) => (file, Some(heading)),
            None => (target, None),
        })
        .collect()
}

/// How links name the headings of a page, as GitHub has it: in small letters, `-` for spaces, and no other marks.
fn headings(page: &str) -> Vec<String> {
    let text = page.split("```").step_by(2).flat_map(str::lines);
    let headings = text.filter(|line| line.starts_with('#'));
    let name = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => c.to_lowercase().next(),
        _ => None,
    };
    headings
        .map(|line| line.trim_start_matches('#').trim().chars().filter_map(name).collect())
        .collect()
}

fn is_source_file(word: &str) -> bool {
    let extensions = [".rs", ".md", ".sh", ".py", ".toml"];
    let is_path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    word.contains('/') && word.chars().all(is_path) && extensions.iter().any(|e| word.ends_with(e))
}

#[test]
fn every_file_and_heading_that_a_page_names_is_there() {
    let mut missing = Vec::new();
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        let files = quoted(&page).into_iter().filter(|word| is_source_file(word));
        // Files of a run, and of a crate of one's own.
        let files = files.filter(|file| !file.starts_with("RUN/") && !file.starts_with(".cargo/"));
        // Of a file that somebody is to write, the folder.
        let place = |file: &str| root().join(file.split("/NAME.").next().unwrap());
        let files = files.filter(|file| !place(file).exists());
        missing.extend(files.map(|file| (path.clone(), file.to_owned())));
        let folder = path.parent().unwrap();
        for (file, heading) in links(&page) {
            let target = if file.is_empty() { path.clone() } else { folder.join(file) };
            let is_there = target.exists()
                && heading.is_none_or(|heading| {
                    let page = fs::read_to_string(&target).unwrap_or_default();
                    headings(&page).iter().any(|name| name == heading)
                });
            if !is_there {
                missing.push((path.clone(), format!("{file}#{}", heading.unwrap_or_default())));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// All Rust code beside these pages.
fn all_code(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() && name != "target" && !name.starts_with('.') {
            all_code(&entry, code);
        } else if name.ends_with(".rs") {
            code.push_str(&fs::read_to_string(&entry).unwrap());
        }
    }
}

#[test]
fn every_test_that_a_page_names_is_in_the_file_named_before_it() {
    let mut everywhere = String::new();
    all_code(&root(), &mut everywhere);
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_…".contains(c);
    let mut missing = Vec::new();
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        for paragraph in page.split("```").step_by(2).flat_map(|text| text.split("\n\n")) {
            let mut file = None;
            for word in quoted(paragraph) {
                if is_source_file(word) {
                    file = fs::read_to_string(root().join(word)).ok();
                }
                // A test's name is a sentence; `…` stands for what is left out of it.
                if !word.chars().all(is_name) || word.matches('_').count() < 3 {
                    continue;
                }
                let code = file.as_ref().unwrap_or(&everywhere);
                let (start, end) = word.split_once('…').unwrap_or((word, ""));
                let is_there = code.match_indices(&format!("fn {start}")).any(|(at, _)| {
                    let function = code[at + 3..].split(['(', '<']).next().unwrap_or("");
                    if word.contains('…') { function.ends_with(end) } else { function == word }
                });
                if !is_there {
                    missing.push((path.clone(), word.to_owned()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
