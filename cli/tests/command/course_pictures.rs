//! What a network of CIFAR-10, or of what is drawn in its place, says of pictures and of files of images.

use crate::program::{barenet, refused_in_one_line, stdout, succeeds};
use image::RgbImage;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const AREA: usize = 32 * 32;

/// Images that differ, as CIFAR-10 has them: a label, and all of red, green and blue.
fn records(count: u8) -> Vec<u8> {
    let image = |number: u8| {
        let byte = move |place: usize| ((place * (usize::from(number) + 3) / 7) % 256) as u8;
        std::iter::once(number % 10).chain((0..3 * AREA).map(byte))
    };
    (0..count).flat_map(image).collect()
}

fn picture(record: &[u8]) -> RgbImage {
    RgbImage::from_fn(32, 32, |x, y| {
        let place = 1 + y as usize * 32 + x as usize;
        image::Rgb([record[place], record[place + AREA], record[place + 2 * AREA]])
    })
}

fn answers(place: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = barenet(place, &[&["predict", "run", "--json"], arguments].concat());
    succeeds(&output);
    stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_network_of_the_course_answers_for_pictures_and_for_files_of_images() {
    let folder = TempDir::new().unwrap();
    let place = folder.path();
    let train = ["train", "--train-size", "300", "--epochs", "1", "--out", "run", "--quiet"];
    succeeds(&barenet(place, &train));
    let all = records(12);
    fs::write(place.join("images.bin"), &all).unwrap();
    fs::create_dir(place.join("pictures")).unwrap();
    for (number, record) in all.chunks(1 + 3 * AREA).enumerate() {
        picture(record).save(place.join(format!("pictures/{number:02}.png"))).unwrap();
    }
    for more in [&[][..], &["--tta"]] {
        let of_file = answers(place, &[&["images.bin"], more].concat());
        let of_pictures = answers(place, &[&["pictures"], more].concat());
        assert_eq!((of_file.len(), of_pictures.len()), (12, 12));
        for (number, (one, other)) in of_file.iter().zip(&of_pictures).enumerate() {
            assert_eq!(one["image"], number + 1);
            assert_eq!(one["probabilities"], other["probabilities"], "{number} {more:?}");
            assert_eq!(one["class"], other["class"]);
        }
        assert!(
            of_file.iter().any(|answer| answer["probabilities"] != of_file[0]["probabilities"])
        );
    }
    // A photo of another size.
    RgbImage::new(70, 41).save(place.join("photo.jpg")).unwrap();
    assert_eq!(answers(place, &["photo.jpg"])[0]["file"], "photo.jpg");

    fs::write(place.join("cut.bin"), &all[..all.len() - 1]).unwrap();
    let output = barenet(place, &["predict", "run", "cut.bin"]);
    refused_in_one_line(&output, 1, &["cut.bin", "CIFAR-10", "3073 bytes"]);
}
