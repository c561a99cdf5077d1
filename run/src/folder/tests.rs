use super::*;

#[test]
fn what_is_written_follows_a_folder_that_was_moved() {
    let place = tempfile::tempdir().unwrap();
    let (old, new) = (place.path().join("a/run"), place.path().join("kept"));
    let folder = Folder::make(&old).unwrap();
    folder.write("first", b"1").unwrap();
    fs::rename(&old, &new).unwrap();
    fs::create_dir_all(&old).unwrap();
    fs::write(old.join("first"), "another's").unwrap();
    let written = folder.write("second", b"2");
    if cfg!(target_os = "linux") {
        written.unwrap();
        assert_eq!(fs::read(new.join("second")).unwrap(), b"2");
        assert_eq!(folder.read("first").unwrap(), b"1");
        assert_eq!(folder.current_path(), fs::canonicalize(&new).unwrap());
        folder.remove("first").unwrap();
        assert!(!new.join("first").exists());
    } else if cfg!(unix) {
        assert!(format!("{:#}", written.unwrap_err()).contains("was moved or replaced"));
    }
    drop(folder);
    assert_eq!(fs::read(old.join("first")).unwrap(), b"another's");
    assert_eq!(fs::read_dir(&old).unwrap().count(), 1);
}

/// As on systems on which a path cannot begin at a handle.
#[cfg(unix)]
#[test]
fn without_a_handle_a_folder_that_was_moved_is_written_no_more() {
    let place = tempfile::tempdir().unwrap();
    let (old, new) = (place.path().join("run"), place.path().join("kept"));
    fs::create_dir(&old).unwrap();
    let folder = Folder::with_handle(&old, None).unwrap();
    folder.write("first", b"1").unwrap();
    fs::rename(&old, &new).unwrap();
    let refused = |result: Result<()>| {
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.ends_with("the folder was moved or replaced meanwhile"), "{error}");
    };
    refused(folder.write("second", b"2"));
    fs::create_dir(&old).unwrap();
    fs::write(old.join("first"), "another's").unwrap();
    refused(folder.write("second", b"2"));
    refused(folder.remove("first"));
    refused(folder.read("first").map(|_bytes| ()));
    assert!(!folder.has("first"));
    fs::remove_dir_all(&old).unwrap();
    fs::rename(&new, &old).unwrap();
    folder.write("second", b"2").unwrap();
}

#[test]
fn what_was_made_for_nothing_is_removed_and_what_was_there_stays() {
    let place = tempfile::tempdir().unwrap();
    let inner = place.path().join("a/b/c");
    fs::create_dir(place.path().join("a")).unwrap();
    let folder = Folder::make(&inner).unwrap().lock("works").unwrap();
    fs::write(folder.begin_file("x").unwrap(), "half").unwrap();
    assert_eq!(fs::read_dir(&inner).unwrap().count(), 2);
    drop(folder);
    assert!(place.path().join("a").exists() && !place.path().join("a/b").exists());

    // One that somebody put something into is not removed, nor is what they put there.
    let folder = Folder::make(&inner).unwrap().lock("works").unwrap();
    fs::write(inner.join("x"), "theirs").unwrap();
    drop(folder);
    assert_eq!(fs::read_dir(&inner).unwrap().count(), 1);

    let folder = Folder::make(&inner).unwrap().lock("works").unwrap();
    folder.write("x", b"whole").unwrap();
    drop(folder);
    assert_eq!(fs::read(inner.join("x")).unwrap(), b"whole");
}
