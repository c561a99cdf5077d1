//! No two files use each other, directly or by way of others: whoever reads one need not read the next
//! to know what it stands on. A file and those below it are one, and so are what tests alone use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A file by its place in the tree of modules; nothing for the root.
type Module = Vec<String>;

/// Reads the files of a crate without their tests and comments.
fn read(folder: &Path, above: &[String], files: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_root = above.is_empty() && ["lib", "main"].contains(&&*name);
        let module = if is_root { vec![] } else { [above, &[name]].concat() };
        if path.is_dir() {
            read(&path, &module, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap().lines();
            let code = code.map(|line| line.split("//").next().unwrap());
            files.insert(module, code.collect::<Vec<_>>().join(" "));
        }
    }
}

/// The paths of a `use`: one for each name in its braces.
fn paths(tree: &str) -> Vec<String> {
    let Some((before, inner)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
    let mut depth = 0;
    let parts = inner.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts.flat_map(paths).map(|path| format!("{}{path}", before.trim())).collect()
}

/// The file that a path leads to, if it is of this crate.
fn target(module: &Module, path: &str, files: &BTreeMap<Module, String>) -> Option<Module> {
    let mut parts: Vec<_> = path.split("::").map(|part| part.trim().to_owned()).collect();
    let mut place = module.clone();
    match &*parts[0] {
        "crate" => place.clear(),
        "self" | "super" => {}
        first => {
            let below = [module.as_slice(), &[first.to_owned()]].concat();
            return files.contains_key(&below).then_some(below);
        }
    }
    while parts.first().is_some_and(|part| ["crate", "self", "super"].contains(&&**part)) {
        if parts.remove(0) == "super" {
            place.pop();
        }
    }
    place.extend(parts);
    while !files.contains_key(&place) {
        place.pop()?;
    }
    Some(place)
}

#[test]
fn no_two_files_use_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in
        ["core", "blas-backend", "data", "model", "run", "report", "cli", "benches", "tests"]
    {
        let mut files = BTreeMap::new();
        read(&root.join(name).join("src"), &[], &mut files);
        let mut uses = BTreeMap::new();
        for (module, code) in &files {
            let statements = code.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
            let found: BTreeSet<_> = statements
                .flat_map(paths)
                .filter_map(|path| target(module, &path, &files))
                .filter(|other| !other.starts_with(module) && !module.starts_with(other))
                .collect();
            uses.insert(module, found);
        }
        // What uses only files that are done is done; what is never done is in a cycle, or uses one.
        let mut done = BTreeSet::new();
        while let Some((&module, _)) = uses.iter().find(|(_, used)| used.is_subset(&done)) {
            uses.remove(module);
            done.insert(module.clone());
        }
        assert!(uses.is_empty(), "{name}: files that use each other, or one that does: {uses:#?}");
    }
}
