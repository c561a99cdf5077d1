use super::*;
use crate::Task;
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use std::fs;
use tempfile::TempDir;

fn save(folder: &Path, name: &str, image: impl Into<DynamicImage>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.into().save(path).unwrap();
}

fn grey(width: u32, height: u32, pixel: impl Fn(u32, u32) -> u8) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([pixel(x, y)]))
}

fn colour(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([10 * x, 10 * y, 200].map(|x| u8::try_from(x).unwrap()))
    })
}

fn read_sized(folder: &Path, size: Option<&str>) -> Result<DataSet, String> {
    let image_size = size.map(|size| size.parse().unwrap());
    let options = ReadOptions { image_size, ..ReadOptions::default() };
    options.load(folder).map_err(|error| {
        let error = error.to_string();
        assert!(!error.contains('\n'), "{error}");
        error.replace(&format!("{}/", folder.display()), "")
    })
}

#[test]
fn pictures_are_bytes_plane_after_plane_in_the_order_of_their_names() {
    let place = TempDir::new().unwrap();
    save(place.path(), "b/1.png", colour(3, 2));
    save(place.path(), "a/2.bmp", colour(3, 2));
    save(place.path(), "a/10.png", grey(3, 2, |x, y| u8::try_from(10 * y + x).unwrap()));
    fs::write(place.path().join("a/notes.txt"), "no picture").unwrap();
    fs::write(place.path().join("a/.hidden.png"), "nor this").unwrap();
    let data = read_sized(place.path(), None).unwrap();
    assert_eq!(
        (&data.class_names[..], data.train.labels()),
        (&["a", "b"].map(str::to_owned)[..], &[0, 0, 1][..])
    );
    assert_eq!(data.train.bytes(0), [0, 1, 2, 10, 11, 12].repeat(3));
    let expected = [[0, 10, 20, 0, 10, 20], [0, 0, 0, 10, 10, 10], [200; 6]].concat();
    assert_eq!(data.train.bytes(1), expected);
    assert_eq!(data.train.bytes(2), expected);
}

/// A JPEG file that says in EXIF how it is to be turned.
fn turned(folder: &Path, name: &str, image: GrayImage, orientation: u8) {
    save(folder, name, image);
    let bytes = fs::read(folder.join(name)).unwrap();
    let exif = [
        &b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..],
        &[orientation, 0, 0, 0, 0, 0, 0, 0],
    ];
    fs::write(folder.join(name), [&bytes[..2], &exif.concat(), &bytes[2..]].concat()).unwrap();
}

#[test]
fn pictures_stand_as_the_camera_saw_them() {
    let place = TempDir::new().unwrap();
    // Dark on the left; as EXIF counts, 3 is upside down, 6 lies on its left side, 8 on its right.
    let image = || grey(16, 8, |x, _| if x < 8 { 0 } else { 255 });
    for orientation in [6, 8] {
        turned(place.path(), &format!("a/{orientation}.jpg"), image(), orientation);
        turned(place.path(), &format!("b/{orientation}.jpg"), image(), orientation);
    }
    let data = read_sized(place.path(), None).unwrap();
    assert_eq!(
        data.form,
        Some(SampleForm::Pictures(
            "8x16".parse().map(|size| PictureForm { size, planes: 1 }).unwrap()
        ))
    );
    assert_eq!(data.train.bytes(0), [[0; 64], [255; 64]].concat());
    assert_eq!(data.train.bytes(1), [[255; 64], [0; 64]].concat());
    let form = PictureForm { size: "16x8".parse().unwrap(), planes: 1 };
    for (orientation, expected) in [(1, [0, 255]), (3, [255, 0]), (9, [0, 255])] {
        turned(place.path(), "one.jpg", image(), orientation);
        let (_, records) = read_named(&place.path().join("one.jpg"), form).unwrap();
        assert_eq!(records.bytes(0), expected.map(|x| [x; 8]).concat().repeat(8), "{orientation}");
    }
}

#[test]
fn grey_pictures_have_one_plane_and_alpha_is_left_out() {
    let place = TempDir::new().unwrap();
    save(place.path(), "a/1.png", grey(2, 2, |x, _| u8::try_from(x).unwrap()));
    save(place.path(), "b/1.jpg", grey(2, 2, |_, _| 77));
    let data = read_sized(place.path(), None).unwrap();
    assert_eq!((data.input_dim(), data.train.bytes(0)), (4, &[0, 1, 0, 1][..]));
    assert_eq!(data.train.bytes(1), [77; 4]);
    // A BMP of greys has a palette of them; a picture in colour makes all have three planes.
    save(place.path(), "b/0.bmp", grey(2, 2, |_, _| 78));
    let data = read_sized(place.path(), None).unwrap();
    assert_eq!((data.input_dim(), data.train.bytes(1)), (4, &[78; 4][..]));
    fs::remove_file(place.path().join("b/0.bmp")).unwrap();
    save(place.path(), "b/2.png", RgbaImage::from_pixel(2, 2, Rgba([1, 2, 3, 0])));
    let data = read_sized(place.path(), None).unwrap();
    assert_eq!(data.train.bytes(2), [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
}

#[test]
fn the_middle_of_a_picture_is_taken_in_the_shape_that_is_asked_for() {
    let place = TempDir::new().unwrap();
    // The middle third of one is white, and so is that of the other, which lies on its side.
    save(
        place.path(),
        "a/wide.png",
        grey(30, 10, |x, _| if (10..20).contains(&x) { 255 } else { 0 }),
    );
    save(
        place.path(),
        "b/high.png",
        grey(10, 30, |_, y| if (10..20).contains(&y) { 255 } else { 0 }),
    );
    save(place.path(), "b/small.png", grey(1, 1, |_, _| 9));
    let data = read_sized(place.path(), Some("5")).unwrap();
    assert_eq!(data.train.bytes(0), [255; 25]);
    assert_eq!(data.train.bytes(1), [255; 25]);
    assert_eq!(data.train.bytes(2), [9; 25]);
    // A ramp stays one: halved, each pixel is the mean of two beside it, and of their neighbours.
    save(place.path(), "a/wide.png", grey(8, 4, |x, _| u8::try_from(16 * x).unwrap()));
    let data = read_sized(place.path(), Some("4x2")).unwrap();
    assert_eq!(data.train.bytes(0)[1..3], [40, 72]);
    save(place.path(), "a/long.png", grey(1, 9000, |_, _| 3));
    save(place.path(), "a/longer.png", grey(9000, 1, |_, _| 4));
    let data = read_sized(place.path(), Some("2048x1")).unwrap();
    assert_eq!((data.train.bytes(0)[7], data.train.bytes(1)[7]), (3, 4));
}

#[test]
fn the_result_is_the_same_on_any_number_of_threads() {
    let place = TempDir::new().unwrap();
    for index in 0..20_u8 {
        let name = format!("{}/{index}.png", index % 3);
        save(place.path(), &name, grey(9, 7, |x, y| index ^ u8::try_from(x * y).unwrap()));
    }
    let options = ReadOptions { image_size: "6x5".parse().ok(), ..ReadOptions::default() };
    let read = |threads| load_on(place.path(), &options, threads);
    let one = read(1).unwrap();
    for threads in [2, 3, 8] {
        assert_eq!(read(threads).unwrap().train, one.train);
    }
    for name in ["0/18.png", "1/4.png", "2/2.png"] {
        let whole = fs::read(place.path().join(name)).unwrap();
        fs::write(place.path().join(name), &whole[..whole.len() - 20]).unwrap();
    }
    for threads in [1, 2, 3, 8] {
        let error = read(threads).unwrap_err().to_string();
        assert!(error.contains("0/18.png: cannot be decoded"), "{error}");
    }
}

#[test]
fn parts_lie_in_folders_of_their_own() {
    let place = TempDir::new().unwrap();
    for (name, value) in [("train/a/1", 1), ("train/b/1", 2), ("test/b/1", 3), ("valid/a/1", 4)] {
        save(place.path(), &format!("{name}.png"), grey(1, 1, |_, _| value));
    }
    let data = read_sized(place.path(), None).unwrap();
    let labels = [&data.train, &data.val, &data.test].map(|part| part.labels().to_vec());
    assert_eq!(labels, [vec![0, 1], vec![0], vec![1]]);
    assert_eq!((data.val.bytes(0), data.test.bytes(0)), (&[4][..], &[3][..]));
    save(place.path(), "test/c/1.png", grey(1, 1, |_, _| 1));
    let error = read_sized(place.path(), None).unwrap_err();
    assert_eq!(
        error,
        "test/c: is of no class that was trained; these are a, b; rename or remove it"
    );
}

#[test]
fn parts_are_found_by_their_usual_names_in_any_case() {
    for [train, val, test] in [
        ["Train", "VALID", "Test"],
        ["training", "validation", "testing"],
        ["TRAIN", "Val", "test"],
    ] {
        let place = TempDir::new().unwrap();
        for (name, value) in [(train, 1), (val, 4), (test, 3)] {
            for class in ["a", "b"] {
                save(place.path(), &format!("{name}/{class}/1.png"), grey(1, 1, |_, _| value));
            }
        }
        let data = read_sized(place.path(), None).unwrap();
        let found = [&data.train, &data.val, &data.test].map(|part| (part.len(), part.bytes(0)[0]));
        assert_eq!(found, [(2, 1), (2, 4), (2, 3)], "{train}");
    }
}

#[test]
fn classes_that_only_test_are_anomalies_to_an_autoencoder() {
    let place = TempDir::new().unwrap();
    for (name, value) in [("train/good/1", 1), ("test/broken/1", 2), ("test/good/1", 3)] {
        save(place.path(), &format!("{name}.png"), grey(1, 1, |_, _| value));
    }
    let mut options = ReadOptions::default();
    options.encode.task = Some(Task::Reconstruct);
    let data = options.load(place.path()).unwrap();
    assert_eq!(data.class_names, ["good", "broken"]);
    assert_eq!((data.train.labels(), data.test.labels()), (&[0][..], &[1, 0][..]));
    assert_eq!((data.normal_name(), data.test.bytes(0)), (Some("good"), &[2][..]));
    // Given apart, in another order of names.
    save(place.path(), "other/bent/1.png", grey(1, 1, |_, _| 4));
    options.test = Some(place.path().join("other"));
    assert_eq!(options.load(place.path()).unwrap().class_names, ["good", "bent"]);
}

/// A picture of nothing but a header.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = grey(1, 1, |_, _| 0);
    image.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    })
}

#[test]
fn what_is_no_picture_or_too_large_is_refused_by_its_file() {
    let place = TempDir::new().unwrap();
    save(place.path(), "a/1.png", grey(4, 4, |_, _| 0));
    save(place.path(), "b/1.bmp", grey(4, 4, |_, _| 0));
    let whole = fs::read(place.path().join("b/1.bmp")).unwrap();
    let refused = |name: &str, bytes: &[u8], problem: &str| {
        fs::write(place.path().join(name), bytes).unwrap();
        let error = read_sized(place.path(), None).unwrap_err();
        assert!(error.starts_with(&format!("{name}: {problem}")), "{error}");
        fs::remove_file(place.path().join(name)).unwrap();
    };
    refused("b/2.png", b"hello", "is no PNG, JPEG or BMP picture");
    refused("b/2.gif", b"GIF89a", "is no PNG, JPEG or BMP picture");
    refused("b/2.jpg", b"\xff\xd8\xff\xe0 and no more", "cannot be decoded");
    refused("b/2.png", b"\x89PNG\r\n\x1a\n", "cannot be decoded");
    refused("b/2.bmp", &whole[..whole.len() - 5], "cannot be decoded");
    for (width, height) in [(30_000, 30_000), (1 << 31, 1 << 31), (u32::MAX, 1), (1, u32::MAX)] {
        let problem = format!("is of {width}x{height} pixels, more than 120 million");
        refused("b/2.png", &png_header(width, height), &problem);
    }
    let mut bitmap = whole.clone();
    bitmap[18..22].copy_from_slice(&30_000_u32.to_le_bytes());
    bitmap[22..26].copy_from_slice(&30_000_u32.to_le_bytes());
    refused("b/2.bmp", &bitmap, "is of 30000x30000 pixels");
    bitmap[18..22].copy_from_slice(&i32::MAX.to_le_bytes());
    refused("b/2.bmp", &bitmap, "");
    save(place.path(), "b/3.png", grey(5, 4, |_, _| 0));
    let error = read_sized(place.path(), None).unwrap_err();
    assert_eq!(
        error,
        "b/3.png: is of 5x4, and a/1.png of 4x4 pixels; name one size for all with --image-size"
    );
}

#[test]
fn a_picture_that_is_cut_short_is_refused_and_one_with_something_behind_it_is_not() {
    let place = TempDir::new().unwrap();
    // So fine that most of a file are its pixels.
    let grain = || grey(64, 64, |x, y| u8::try_from((x * 151 + y * y * 57) % 256).unwrap());
    for ending in ["png", "jpg", "bmp"] {
        save(place.path(), &format!("a/1.{ending}"), grain());
        save(place.path(), &format!("b/1.{ending}"), grain());
    }
    let expected = read_sized(place.path(), None).unwrap();
    for ending in ["png", "jpg", "bmp"] {
        let file = place.path().join(format!("b/1.{ending}"));
        let whole = fs::read(&file).unwrap();
        let lens = [whole.len() / 3, whole.len() / 2, whole.len() * 9 / 10];
        // The last chunk of a PNG file has no pixel in it, and no more has padding of a BMP file.
        let more = if ending == "jpg" { whole.len() - 1 } else { whole.len() - 20 };
        for len in lens.into_iter().chain([more]) {
            fs::write(&file, &whole[..len]).unwrap();
            let error = read_sized(place.path(), None).unwrap_err();
            let start = format!("b/1.{ending}: cannot be decoded: ");
            assert!(error.starts_with(&start), "{len} of {}: {error}", whole.len());
        }
        fs::write(&file, [&whole[..], &[0; 99], b"\xff\xd8\xff"].concat()).unwrap();
        assert_eq!(read_sized(place.path(), None).unwrap().train, expected.train, "{ending}");
        fs::write(&file, whole).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_and_is_called_a_picture_is_told_by_that() {
    let place = TempDir::new().unwrap();
    save(place.path(), "a/1.png", grey(4, 4, |_, _| 0));
    save(place.path(), "b/1.png", grey(4, 4, |_, _| 0));
    let file = place.path().join("b/2.png");
    for (target, problem) in [
        ("gone.png", "b/2.png: a link to gone.png, which is not there"),
        ("2.png", "b/2.png: Too many levels of symbolic links"),
        ("/dev/null", "b/2.png: is a device, where a regular file is needed"),
    ] {
        std::os::unix::fs::symlink(target, &file).unwrap();
        let error = read_sized(place.path(), None).unwrap_err();
        assert!(error.starts_with(problem), "{error}");
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn classes_without_pictures_or_alone_are_refused() {
    let place = TempDir::new().unwrap();
    save(place.path(), "a/1.png", grey(4, 4, |_, _| 0));
    let error = read_sized(place.path(), None).unwrap_err();
    assert!(error.contains("has one class only, \"a\""), "{error}");
    fs::create_dir(place.path().join("b")).unwrap();
    let error = read_sized(place.path(), None).unwrap_err();
    assert_eq!(error, "b: has no picture in it; put some there, or remove it");
    save(place.path(), "b/c/1.png", grey(4, 4, |_, _| 0));
    let error = read_sized(place.path(), None).unwrap_err();
    assert_eq!(error, "b/c: is a folder in that of a class; put its files into the latter");
}

#[test]
fn pictures_are_read_in_the_form_that_a_network_was_trained_with() {
    let place = TempDir::new().unwrap();
    save(place.path(), "x/1.png", grey(8, 4, |_, _| 5));
    save(place.path(), "2.png", grey(2, 2, |_, _| 6));
    let size = ImageSize { width: 2, height: 1 };
    let (files, records) = read_named(place.path(), PictureForm { size, planes: 3 }).unwrap();
    assert_eq!((files.len(), records.bytes(0), records.bytes(1)), (2, &[6; 6][..], &[5; 6][..]));
    save(place.path(), "2.png", colour(2, 2));
    let error = read_named(place.path(), PictureForm { size, planes: 1 }).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "2.png: is in colour, and the network was trained on grey pictures; make it grey"
        ),
        "{error}"
    );
}

#[test]
fn no_changed_byte_makes_a_decoder_panic() {
    let place = TempDir::new().unwrap();
    let form = PictureForm { size: ImageSize { width: 3, height: 3 }, planes: 3 };
    for ending in ["png", "jpg", "bmp"] {
        let name = format!("whole.{ending}");
        save(place.path(), &name, colour(5, 4));
        let whole = fs::read(place.path().join(name)).unwrap();
        let changed = place.path().join("changed");
        for at in 0..whole.len() {
            for change in [1, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                fs::write(&changed, bytes).unwrap();
                let _ = read_named(&changed, form);
            }
        }
    }
}
