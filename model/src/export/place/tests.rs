//! Tests: files that a place keeps.

use super::super::listing::LIST;
use super::*;
use std::sync::Barrier;

fn a_crate(marker: &str) -> Vec<CrateFile> {
    [("Cargo.toml", marker), ("Cargo.lock", "4"), ("src/lib.rs", marker), ("src/a/b.rs", "b")]
        .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
        .to_vec()
}

fn export(out: &Path, force: bool, marker: &str) -> Result<()> {
    Place::claim(out, force)?.write(a_crate(marker))
}

/// Every path below a folder, and what is in each file.
fn everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut all, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path.clone());
            }
            all.push((path.clone(), fs::read(&path).unwrap_or_default()));
        }
    }
    all.sort();
    all
}

#[test]
fn an_export_is_replaced_by_force_alone_and_leaves_nothing_beside_it() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("net");
    export(&out, false, "first").unwrap();
    assert!(export(&out, false, "second").unwrap_err().to_string().contains("is there already"));
    assert_eq!(fs::read(out.join("Cargo.toml")).unwrap(), b"first");
    // Cargo's own changes are no reason to refuse, and what it built is kept.
    fs::write(out.join("Cargo.lock"), "5").unwrap();
    fs::create_dir(out.join("target")).unwrap();
    fs::write(out.join("target/built"), "slowly").unwrap();
    export(&out, true, "second").unwrap();
    assert_eq!(fs::read(out.join("Cargo.toml")).unwrap(), b"second");
    assert_eq!(fs::read(out.join("target/built")).unwrap(), b"slowly");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn whatever_an_export_did_not_write_is_in_the_way_and_named() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 8] = [
        ("src/main.rs", |net| fs::write(net.join("src/main.rs"), "mine").unwrap()),
        (".git", |net| fs::create_dir(net.join(".git")).unwrap()),
        ("src/a/notes", |net| fs::create_dir(net.join("src/a/notes")).unwrap()),
        ("src/lib.rs", |net| fs::write(net.join("src/lib.rs"), "mine").unwrap()),
        ("Cargo.toml", |net| {
            fs::remove_file(net.join("Cargo.toml")).unwrap();
            fs::create_dir(net.join("Cargo.toml")).unwrap();
        }),
        ("Cargo.lock", |net| fs::remove_file(net.join(LIST)).unwrap()),
        (LIST, |net| fs::write(net.join(LIST), "mine").unwrap()),
        ("z", |net| fs::write(net.join("z"), "").unwrap()),
    ];
    for (named, change) in changes {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("net");
        export(&out, false, "first").unwrap();
        change(&out);
        let before = everything(home.path());
        let error = export(&out, true, "second").unwrap_err().to_string();
        assert!(error.contains(&format!("net: {named} is in the way: ")), "{named}: {error}");
        assert_eq!(everything(home.path()), before, "{named}");
    }
}

#[test]
fn what_only_looks_like_an_export_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("net");
    fs::create_dir_all(out.join("src")).unwrap();
    fs::write(out.join("src/weights.bin"), "years of training").unwrap();
    let before = everything(home.path());
    for force in [false, true] {
        assert!(export(&out, force, "x").is_err());
        assert_eq!(everything(home.path()), before);
    }
    fs::remove_dir_all(&out).unwrap();
    fs::write(&out, "a file").unwrap();
    for force in [false, true] {
        let error = export(&out, force, "x").unwrap_err().to_string();
        assert!(error.contains("is there already, and no folder"), "{error}");
        assert_eq!(fs::read(&out).unwrap(), b"a file");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_stays() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("disk")).unwrap();
    let (out, real) = (home.path().join("net"), home.path().join("disk/there"));
    std::os::unix::fs::symlink("disk/there", &out).unwrap();
    assert!(export(&out, true, "x").is_err(), "it leads nowhere");
    fs::create_dir(&real).unwrap();
    export(&out, false, "first").unwrap();
    export(&out, true, "second").unwrap();
    assert!(out.is_symlink());
    assert_eq!(fs::read(real.join("Cargo.toml")).unwrap(), b"second");
    for (ending, marker) in [("/", "a"), ("/.", "b"), ("//", "c"), ("/./", "second")] {
        let mut name = out.clone().into_os_string();
        name.push(ending);
        export(Path::new(&name), true, marker).unwrap();
        assert!(out.is_symlink(), "{ending}");
        assert_eq!(fs::read(real.join("Cargo.toml")).unwrap(), marker.as_bytes());
    }
    // A file of the list that is a link now is the user's.
    fs::rename(real.join("src/lib.rs"), home.path().join("lib.rs")).unwrap();
    std::os::unix::fs::symlink(home.path().join("lib.rs"), real.join("src/lib.rs")).unwrap();
    let error = export(&out, true, "third").unwrap_err().to_string();
    assert!(error.contains("src/lib.rs is in the way"), "{error}");
}

#[test]
fn a_place_below_what_is_no_folder_is_refused_naming_that() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("file"), "mine").unwrap();
    for below in ["file/net", "file/a/b/net"] {
        let error = Place::claim(&home.path().join(below), true).unwrap_err().to_string();
        assert!(error.contains("file is no folder; choose another --out"), "{error}");
    }
    assert_eq!(fs::read(home.path().join("file")).unwrap(), b"mine");
}

#[test]
fn what_lies_beside_the_place_under_names_of_an_export_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("net");
    for name in [".net.unfinished", ".net.replaced", ".net.unfinished-2"] {
        fs::create_dir(home.path().join(name)).unwrap();
        fs::write(home.path().join(name).join("thesis.tex"), name).unwrap();
    }
    fs::write(home.path().join(".net.unfinished-3"), "mine").unwrap();
    let before = everything(home.path());
    export(&out, false, "first").unwrap();
    export(&out, true, "second").unwrap();
    fs::remove_dir_all(&out).unwrap();
    assert_eq!(everything(home.path()), before);
}

#[test]
fn what_a_killed_export_left_is_cleared_away_and_what_it_took_away_goes_back() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("net");
    export(&out, false, "first").unwrap();
    let staging = Staging::make(&out).unwrap();
    for (name, bytes) in with_list(a_crate("second")).iter().take(3) {
        staging.write(name, bytes).unwrap();
    }
    fs::rename(&out, staging.path.join(OLD)).unwrap();
    // Held by a living process, it stays.
    clear_away(&staging.path, &out);
    assert!(!out.exists());
    let path = staging.path.clone();
    staging.is_kept.set(true);
    drop(staging);
    clear_away(&path, &out);
    assert_eq!(fs::read(out.join("Cargo.toml")).unwrap(), b"first");
    export(&out, true, "third").unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_was_moved_or_replaced_meanwhile_gets_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (run, kept) = (home.path().join("run"), home.path().join("kept"));
    for is_replaced in [false, true] {
        fs::create_dir(&run).unwrap();
        let place = Place::claim(&run.join("firmware"), false).unwrap();
        fs::rename(&run, &kept).unwrap();
        if is_replaced {
            fs::create_dir(&run).unwrap();
        }
        let error = place.write(a_crate("x")).unwrap_err().to_string();
        let expected = if cfg!(unix) { "its folder was moved or replaced" } else { "firmware: " };
        assert!(error.contains(expected), "{error}");
        assert!(everything(&kept).is_empty());
        assert!(!run.exists() || everything(&run).is_empty());
        fs::remove_dir(&kept).unwrap();
        let _was_not_made = fs::remove_dir(&run);
    }
}

#[test]
fn of_many_exports_at_once_one_is_there_whole_and_the_others_say_so() {
    for force in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("net");
        for _ in 0..10 {
            let start = Barrier::new(8);
            let results: Vec<_> = std::thread::scope(|scope| {
                let one = |number: usize| {
                    let (out, start) = (&out, &start);
                    scope.spawn(move || {
                        start.wait();
                        export(out, force, &number.to_string())
                    })
                };
                let all: Vec<_> = (0..8).map(one).collect();
                all.into_iter().map(|one| one.join().unwrap()).collect()
            });
            assert!(results.iter().any(Result::is_ok));
            assert!(force || results.iter().filter(|result| result.is_ok()).count() == 1);
            for error in results.iter().filter_map(|result| result.as_ref().err()) {
                let text = format!("{error:#}");
                let is_clear = ["is there already", "something else was written there meanwhile"];
                assert!(is_clear.iter().any(|part| text.contains(part)), "{text}");
            }
            assert!(foreign(&out).unwrap().is_none(), "it is whole");
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left over");
            if !force {
                fs::remove_dir_all(&out).unwrap();
            }
        }
    }
}
