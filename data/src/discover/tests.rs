use super::*;
use crate::formats::{cifar10, load, pickle};

fn load_or_built_in(folder: &Path) -> Result<DataSet, DataError> {
    let format = Some(FormatName::Cifar10);
    super::load_or_built_in(folder, &ReadOptions { format, ..ReadOptions::default() })
}

fn is_stand_in(data: &DataSet) -> bool {
    data.source.is_stand_in
        && data.train.len() == builtin::NUM_TRAIN
        && data.test.len() == builtin::NUM_TEST
}

#[test]
fn an_explicit_path_that_is_wrong_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(discover(Some(folder.path())), Err(DataError::NoData { .. })));
    let nothing = folder.path().join("nothing");
    assert!(matches!(discover(Some(&nothing)), Err(DataError::Missing { .. })));
    // An empty path, as of a variable that is not set.
    assert!(discover(Some(Path::new(""))).is_err());
}

#[test]
fn the_folder_of_this_crate_is_called_data_and_is_no_attempt() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    if load(folder).is_err() {
        assert_eq!(attempt(folder).unwrap(), None);
    }
}

#[test]
fn the_built_in_images_can_be_asked_for_by_name() {
    for name in ["builtin", "built-in"] {
        let data = discover(Some(Path::new(name))).unwrap();
        assert_eq!(data.source, Source::drawn(&builtin::KIND));
    }
    for name in ["./builtin", "builtin/", "Builtin", "builtin.tar.gz"] {
        assert!(
            matches!(discover(Some(Path::new(name))), Err(DataError::Missing { .. })),
            "{name}"
        );
    }
}

#[test]
fn a_folder_that_lacks_a_file_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join(cifar10::FILES.folder);
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("test_batch.bin"), [0; 3073]).unwrap();
    for result in [load(folder.path()), load_or_built_in(folder.path())] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("data_batch_1.bin: No such file"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_be_there_but_cannot_be_seen_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    // A link to itself, as a folder without permission, cannot be followed by anyone.
    let file = folder.path().join("test_batch.bin");
    std::os::unix::fs::symlink(&file, &file).unwrap();
    for result in [load(folder.path()), load_or_built_in(folder.path()), load_or_built_in(&file)] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("test_batch.bin: Too many levels"), "{error}");
    }
}

#[test]
fn where_nobody_tried_to_have_cifar_10_the_built_in_images_train() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("sales/2024")).unwrap();
    for file in ["notes.txt", "sales/table.csv", "sales/2024/photo.jpeg"] {
        fs::write(folder.path().join(file), "mine").unwrap();
    }
    for folder in [folder.path().to_owned(), folder.path().join("nothing")] {
        assert!(is_stand_in(&load_or_built_in(&folder).unwrap()));
    }
}

#[test]
fn whatever_looks_like_an_attempt_to_have_cifar_10_is_an_error() {
    for files in [
        &[][..],
        &[".gitkeep", "lost+found/x"],
        &["cifar-10-batches-bin/readme.html"],
        &["CIFAR-10-Batches-Bin/data_batch_1.bin"],
        &["mine/cifar-10-batches-py/batches.meta"],
        &["cifar-10-binary.tar.gz.part"],
        &["cifar-10-binary.tar"],
        &["archive.zip"],
        &["raw/test_batch.bin.gz"],
        &["notes.txt", "raw/Data_Batch_1"],
        &["train/batch_1.dat"],
        &["cifar-100-binary/train.bin"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "not it").unwrap();
        }
        let error = load_or_built_in(folder.path()).unwrap_err().to_string();
        assert!(error.contains("`--data builtin`"), "{files:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn what_a_folder_has_in_place_of_cifar_10_is_named() {
    for file in ["DATA_BATCH_1.BIN", "deep/cifar-10/test_batch", "cifar10.zip", "a/cifar-10.tar.xz"]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "not it").unwrap();
        let error = discover(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("no CIFAR-10 that can be read: "), "{error}");
        let first = file.split_inclusive('/').take(2).collect::<String>();
        assert!(error.contains(first.trim_end_matches('/')), "{error}");
    }
}

#[test]
fn a_folder_that_is_named_and_has_other_data_is_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["some.npy", "all.npz", "train.gz"] {
        fs::write(folder.path().join(file), "not it").unwrap();
    }
    assert!(matches!(discover(Some(folder.path())), Err(DataError::NoData { .. })));
    assert!(load_or_built_in(folder.path()).is_err());
}

#[test]
fn a_batch_under_any_name_is_an_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("one")).unwrap();
    file.set_len(BATCH_LEN).unwrap();
    let error = load_or_built_in(folder.path()).unwrap_err().to_string();
    assert!(error.contains("one is there"), "{error}");
}

#[test]
fn a_file_in_place_of_the_folder_is_read_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    fs::write(&file, "cifar").unwrap();
    let error = load_or_built_in(&file).unwrap_err();
    assert!(matches!(error, DataError::Attempt(_)), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_to_what_is_not_there_is_an_error_wherever_it_is() {
    let place = tempfile::tempdir().unwrap();
    let gone = place.path().join("unmounted");
    let all = [
        "data".to_owned(),
        format!("data/{}", cifar10::FILES.folder),
        format!("data/{}", pickle::FILES.folder),
        format!("data/{}/data_batch_1.bin", cifar10::FILES.folder),
        "data/data_batch_1".to_owned(),
        "data/cifar-10-python.tar.gz".to_owned(),
        "data/x/y".to_owned(),
    ];
    for name in all {
        let path = place.path().join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&gone, &path).unwrap();
        let data = place.path().join("data");
        let error = load_or_built_in(&data).unwrap_err().to_string();
        assert!(error.contains("unmounted, which is not there"), "{name}: {error}");
        fs::remove_dir_all(&data).or_else(|_| fs::remove_file(&data)).unwrap();
    }
}
