use super::*;
use crate::{ImageSize, Numbers, Records, Source, Wanted};
use barenet::Rng;

const FLAT: PictureLayout =
    PictureLayout { size: ImageSize { width: 4, height: 3 }, planes: 2, pixel_len: 1 };

fn seen(
    augmentation: Augmentation,
    view: &View,
    picture: &[u8],
    start: usize,
    len: usize,
) -> Vec<u8> {
    let mut out = vec![255; len];
    augmentation.read(view, picture, start, &mut out);
    out
}

fn views(shift: usize) -> impl Iterator<Item = View> {
    let places = 2 * shift + 1;
    (0..2 * places * places).map(move |n| View {
        is_flipped: n % 2 == 1,
        top: n / 2 / places,
        left: n / 2 % places,
        hole: Hole::default(),
    })
}

#[test]
fn a_picture_is_flipped_and_shifted_as_numpy_does() {
    // p = np.arange(24).reshape(2, 3, 4); q = p[:, :, ::-1] if is_flipped else p
    // np.pad(q, ((0, 0), (2, 2), (2, 2)), mode="reflect")[:, top:top+3, left:left+4].ravel()
    let augmentation =
        Augmentation { flip: Flip::Random, shift: 2, cutout: 0, layout: FLAT, fixed: None };
    let picture: Vec<u8> = (0..24).collect();
    for (is_flipped, top, left, expected) in [
        (
            false,
            0,
            4,
            [10, 11, 10, 9, 6, 7, 6, 5, 2, 3, 2, 1, 22, 23, 22, 21, 18, 19, 18, 17, 14, 15, 14, 13],
        ),
        (
            false,
            3,
            1,
            [5, 4, 5, 6, 9, 8, 9, 10, 5, 4, 5, 6, 17, 16, 17, 18, 21, 20, 21, 22, 17, 16, 17, 18],
        ),
        (
            true,
            0,
            4,
            [9, 8, 9, 10, 5, 4, 5, 6, 1, 0, 1, 2, 21, 20, 21, 22, 17, 16, 17, 18, 13, 12, 13, 14],
        ),
        (
            true,
            3,
            1,
            [6, 7, 6, 5, 10, 11, 10, 9, 6, 7, 6, 5, 18, 19, 18, 17, 22, 23, 22, 21, 18, 19, 18, 17],
        ),
    ] {
        let view = View { is_flipped, top, left, hole: Hole::default() };
        assert_eq!(seen(augmentation, &view, &picture, 0, 24), expected);
    }
}

#[test]
fn every_stretch_is_that_of_the_whole_picture() {
    for layout in [FLAT, PictureLayout { planes: 1, pixel_len: 2, ..FLAT }] {
        let augmentation =
            Augmentation { flip: Flip::Random, shift: 2, cutout: 0, layout, fixed: None };
        let picture: Vec<u8> = (0..24).collect();
        for view in views(2) {
            let whole = seen(augmentation, &view, &picture, 0, 24);
            for start in 0..24 {
                for len in 0..=24 - start {
                    let stretch = seen(augmentation, &view, &picture, start, len);
                    assert_eq!(stretch, whole[start..start + len], "{view:?} {start} {len}");
                }
            }
        }
    }
}

#[test]
fn channels_side_by_side_are_moved_as_planes_are() {
    let interleaved = PictureLayout { planes: 1, pixel_len: 2, ..FLAT };
    let planes: Vec<u8> = (0..24).collect();
    let of = |layout| Augmentation { flip: Flip::Random, shift: 2, cutout: 0, layout, fixed: None };
    let woven = |planes: &[u8]| -> Vec<u8> {
        planes[..12].iter().zip(&planes[12..]).flat_map(|(a, b)| [*a, *b]).collect()
    };
    for view in views(2) {
        let expected = woven(&seen(of(FLAT), &view, &planes, 0, 24));
        assert_eq!(seen(of(interleaved), &view, &woven(&planes), 0, 24), expected);
    }
}

#[test]
fn lines_of_any_length_are_read_backwards() {
    for width in 1..40 {
        let layout =
            PictureLayout { size: ImageSize { width, height: 1 }, planes: 1, pixel_len: 1 };
        let augmentation =
            Augmentation { flip: Flip::Random, shift: 0, cutout: 0, layout, fixed: None };
        let view = View { is_flipped: true, top: 0, left: 0, hole: Hole::default() };
        let picture: Vec<u8> = (0..).take(width).collect();
        let expected: Vec<u8> = picture.iter().rev().copied().collect();
        assert_eq!(seen(augmentation, &view, &picture, 0, width), expected);
    }
}

fn view_of(flip: Flip, shift: usize, index: usize, epoch: u64) -> View {
    let augmentation = Augmentation { flip, shift, cutout: 0, layout: FLAT, fixed: None };
    augmentation.view(Sample::in_epoch(index, Rng::seed(5), epoch)).unwrap()
}

#[test]
fn alternating_flips_show_each_picture_both_ways_in_two_epochs() {
    let mut begin = 0;
    for index in 0..1000 {
        let flips =
            [0, 1, 2, 3].map(|epoch| view_of(Flip::Alternating, 1, index, epoch).is_flipped);
        assert_eq!(flips, [flips[0], !flips[0], flips[0], !flips[0]]);
        begin += usize::from(flips[0]);
    }
    // Six standard deviations of a binomial count.
    assert!(begin.abs_diff(500) < 95, "{begin} of 1000 begin flipped");
}

#[test]
fn random_flips_and_shifts_are_all_about_as_frequent() {
    let mut counts = [0_usize; 50];
    for index in 0..50_000 {
        let View { is_flipped, top, left, .. } = view_of(Flip::Random, 2, index, 3);
        counts[usize::from(is_flipped) * 25 + top * 5 + left] += 1;
    }
    // Six standard deviations of a binomial count.
    assert!(counts.iter().all(|count| count.abs_diff(1000) < 190), "{counts:?}");
}

#[test]
fn shifts_do_not_depend_on_what_is_flipped() {
    for index in 0..20 {
        let places = [Flip::None, Flip::Random, Flip::Alternating].map(|flip| {
            let View { top, left, .. } = view_of(flip, 3, index, 1);
            (top, left)
        });
        assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
    }
}

#[test]
fn shifts_do_not_depend_on_what_is_cut_out() {
    let of =
        |cutout| Augmentation { flip: Flip::Random, shift: 3, cutout, layout: FLAT, fixed: None };
    for index in 0..20 {
        let sample = Sample::in_epoch(index, Rng::seed(5), 1);
        let [with, without] = [2, 0].map(|cutout| of(cutout).view(sample).unwrap());
        assert_ne!(with, without);
        assert_eq!(View { hole: Hole::default(), ..with }, without);
    }
}

#[test]
fn a_sample_without_an_epoch_has_no_view_and_too_short_a_picture_is_not_written() {
    let augmentation =
        Augmentation { flip: Flip::Random, shift: 2, cutout: 2, layout: FLAT, fixed: None };
    assert_eq!(augmentation.view(Sample::new(1)), None);
    let view = augmentation.view(Sample::in_epoch(1, Rng::seed(0), 0)).unwrap();
    let mut out = [1; 4];
    augmentation.read(&view, &[7, 8, 9, 10], 0, &mut out);
    assert_eq!(out, [1; 4]);
}

#[test]
fn what_is_no_picture_is_refused() {
    let kind = &crate::formats::csv::KIND;
    let records = Records::of(4, Numbers::F32(vec![0.0; 8]), Wanted::Nothing(2));
    let data = DataSet { train: records, ..DataSet::empty(Source::read(kind, "t.csv".into())) };
    for (augment, option) in [
        (Augment { flip: Flip::Random, shift: 4, cutout: 4 }, "flip"),
        (Augment { flip: Flip::None, shift: 4, cutout: 4 }, "shift"),
        (Augment { flip: Flip::None, shift: 0, cutout: 4 }, "cutout"),
    ] {
        let error = augment.of(&data).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{option} changes pictures: table from t.csv")));
    }
    assert_eq!(Augment::default().of(&data), Ok(None));
    let error = test_views(&data).unwrap_err().to_string();
    assert!(error.starts_with("tta changes pictures: table from t.csv"), "{error}");
    // A layout that is not that of the samples is none.
    let wrong = DataSet { layout: Some(FLAT), ..data };
    assert!(Augment { cutout: 1, ..Augment::default() }.of(&wrong).is_err());
}

#[test]
fn the_views_of_a_test_are_shifts_of_the_picture_and_of_its_mirror_image() {
    let data = crate::builtin::generate();
    let layout = data.pictures().unwrap();
    let row = |index: usize| {
        let Numbers::U8(all) = data.train.numbers() else { panic!() };
        &all[index * layout.len()..(index + 1) * layout.len()]
    };
    let (width, height) = (layout.size.width, layout.size.height);
    let at = |picture: &[u8], plane: usize, y: usize, x: usize| {
        picture[(plane * height + y) * width + x]
    };
    let views = test_views(&data).unwrap();
    for index in [0, 7] {
        let picture = row(index);
        // Whether a sample has an epoch or not is no matter.
        for sample in [Sample::new(index), Sample::in_epoch(index, Rng::seed(3), 5)] {
            let seen: Vec<Vec<u8>> = views
                .iter()
                .map(|view| seen(*view, &view.view(sample).unwrap(), picture, 0, layout.len()))
                .collect();
            assert_eq!(seen[0], picture);
            let moves: [(isize, isize); 5] = [(0, 0), (-2, 0), (2, 0), (0, -2), (0, 2)];
            for (n, seen) in seen.iter().enumerate() {
                let (dy, dx) = moves[n % 5];
                // Away from the edges, where nothing is reflected.
                for (y, x) in [(5, 9), (20, 11), (16, 28)] {
                    let (from_y, from_x) = (y + dy, x + dx);
                    let from_x = if n < 5 { from_x } else { width as isize - 1 - from_x };
                    for plane in 0..layout.planes {
                        let expected = at(picture, plane, from_y as usize, from_x as usize);
                        assert_eq!(at(seen, plane, y as usize, x as usize), expected, "view {n}");
                    }
                }
            }
        }
    }
}
