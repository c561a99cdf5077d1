//! A network that is given other data than it was trained on says what it takes, and a folder with one file of it is taken.

use crate::program::{barenet, refused_in_one_line, stdout, succeeds};
use image::{Rgb, RgbImage};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Pictures, recordings, a table, and folders of arrays: of each a run with the name of its data.
fn runs() -> TempDir {
    let place = TempDir::new().unwrap();
    for index in 0..12_u8 {
        for (class, level) in [("dark", 20), ("light", 200)] {
            let path = place.path().join(format!("pics/{class}"));
            fs::create_dir_all(&path).unwrap();
            let color = Rgb([level + index, level, level]);
            RgbImage::from_pixel(4, 4, color).save(path.join(format!("{index}.png"))).unwrap();
            let path = place.path().join(format!("recs/{class}"));
            fs::create_dir_all(&path).unwrap();
            let row = |n: u8| format!("{},{}\n", n % 5, u16::from(level) + u16::from(index));
            let rows: String = (0..20).map(row).collect();
            fs::write(path.join(format!("{index}.csv")), format!("x,y\n{rows}")).unwrap();
        }
    }
    let row = |n: usize| format!("{},{},{}\n", n % 7, n * n % 5, ["p", "q", "r"][n % 3]);
    let rows: String = (0..60).map(row).collect();
    fs::write(place.path().join("t.csv"), format!("a,b,kind\n{rows}")).unwrap();
    for (folder, images, labels) in [
        ("idx", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("few", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    ] {
        let path = place.path().join(folder);
        fs::create_dir_all(&path).unwrap();
        let pixels: Vec<u8> = (0..40).flat_map(|n: u8| [n, 3 * n, 100, n % 2 * 200]).collect();
        let header = [0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 2];
        fs::write(path.join(images), [&header[..], &pixels].concat()).unwrap();
        let all: Vec<u8> = (0..40).map(|n| n % 2).collect();
        fs::write(path.join(labels), [&[0, 0, 8, 1, 0, 0, 0, 40][..], &all].concat()).unwrap();
    }
    for (data, more) in
        [("pics", &[][..]), ("recs", &["--window", "8"]), ("t.csv", &[]), ("idx", &[])]
    {
        let run = format!("run-{data}");
        let train = ["train", "--data", data, "--epochs", "1", "--out", &run];
        succeeds(&barenet(place.path(), &[&train[..], more].concat()));
    }
    place
}

#[test]
fn what_a_network_is_given_and_what_it_takes_is_said() {
    let place = runs();
    let on = |kind: &str| format!("and the network was trained on {kind}");
    let (pictures, recordings) = (on("pictures"), on("recordings"));
    for (run, given, parts) in [
        ("run-pics", "t.csv", &["t.csv: is a table, ", &pictures, "name a PNG, JPEG"][..]),
        ("run-pics", "recs", &["recs: has no picture in it, ", &pictures, "name a PNG, JPEG"]),
        ("run-pics", "few/t10k-images-idx3-ubyte", &["is a file of arrays, ", &pictures]),
        ("run-recs", "pics/dark/1.png", &["1.png: is a picture, ", &recordings, "name a rec"]),
        ("run-recs", "few/t10k-images-idx3-ubyte", &["is a file of arrays, ", &recordings]),
        ("run-recs", "pics", &["pics: has no recording in it, ", &recordings]),
        ("run-t.csv", "pics/dark/1.png", &["is a picture, ", &on("a table"), "name a table"]),
        ("run-t.csv", "recs/dark", &["recs/dark: is a folder, and has no", "as recs/dark/0.csv"]),
        ("run-idx", "pics", &["pics: is a folder, and has no array X", "name a table (CSV) or"]),
        ("run-idx", "pics/dark/1.png", &["is a picture, ", &on("rows of numbers")]),
    ] {
        refused_in_one_line(&barenet(place.path(), &["predict", run, given]), 1, parts);
    }
    let of_recs = "recs: is read as recordings, ";
    for (run, given, parts) in [
        ("run-pics", "recs", &[of_recs, &pictures, "name pictures"][..]),
        ("run-idx", "recs", &[of_recs, &on("IDX images"), "name IDX images"]),
        ("run-recs", "pics", &["pics: is read as pictures, ", &recordings, "name recordings"]),
        ("run-recs", "t.csv", &["t.csv: is read as a table, ", &recordings]),
        ("run-pics", "t.csv", &["trained on pictures, and this is a table from t.csv; name"]),
        ("run-t.csv", "pics", &["trained on a table, and these are pictures from pics; name"]),
    ] {
        refused_in_one_line(&barenet(place.path(), &["eval", run, "--data", given]), 1, parts);
    }
}

#[test]
fn a_folder_with_one_file_of_images_or_an_array_is_answered_for() {
    let place = runs();
    let answers = |given: &str| {
        let output = barenet(place.path(), &["predict", "run-idx", given]);
        succeeds(&output);
        stdout(&output)
    };
    let of_file = answers("few/t10k-images-idx3-ubyte");
    assert_eq!(of_file.lines().count(), 41);
    assert_eq!(answers("few"), of_file);
    let array = |folder: &Path| {
        fs::create_dir_all(folder).unwrap();
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4), }     \n";
        let len = [u8::try_from(header.len()).unwrap(), 0];
        let numbers = [0, 0, 100, 0, 1, 3, 100, 200];
        let file = [&b"\x93NUMPY\x01\0"[..], &len, header.as_bytes(), &numbers].concat();
        fs::write(folder.join("X.npy"), file).unwrap();
    };
    array(&place.path().join("npy"));
    let first: Vec<_> = of_file.lines().take(3).map(str::to_owned).collect();
    assert_eq!(answers("npy").lines().collect::<Vec<_>>(), first);
    // Of two files of images nobody knows which is meant.
    let (few, idx) = (place.path().join("few"), place.path().join("idx"));
    fs::copy(idx.join("train-images-idx3-ubyte"), few.join("train-images-idx3-ubyte")).unwrap();
    let output = barenet(place.path(), &["predict", "run-idx", "few"]);
    let parts = ["few: has several files of images: t10k-images", "name one of them"];
    refused_in_one_line(&output, 1, &parts);
}
