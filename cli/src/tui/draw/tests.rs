//! The picture on terminals of every size.

use super::*;
use crate::console::Progress;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn picture() -> Picture {
    let mut picture = Picture {
        title: "two-layer  CIFAR-10  3072-100-10".to_owned(),
        metric: "acc",
        num_iterations: 2070,
        num_epochs: 10,
        progress: Progress {
            samples: 488_520,
            done: 244_260,
            rate: 155_360.0,
            loss: Some(1.5),
            val: Some(("acc", 0.5)),
        },
        ..Picture::default()
    };
    for iteration in 1..=1035 {
        picture.add_loss(iteration, 1.0 + 100.0 / (iteration + 50) as f64);
    }
    for epoch in 0..=5 {
        let val = 0.1 * epoch as f64;
        picture.add_check(epoch, val + 0.05, val, true);
    }
    picture
}

/// The rows of a terminal of so many columns and rows.
fn rows(picture: &Picture, (width, height): (u16, u16), is_utf8: bool) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, picture, is_utf8, true)).unwrap();
    let cells = terminal.backend().buffer().content();
    let rows = cells.chunks(usize::from(width.max(1)));
    rows.map(|row| row.iter().map(|cell| cell.symbol()).collect()).collect()
}

#[test]
fn both_curves_are_there_one_below_the_other_and_side_by_side_if_there_is_room() {
    let of = |size| {
        let rows = rows(&picture(), size, true);
        let row = |text: &str| rows.iter().position(|row| row.contains(text));
        (row("loss").unwrap(), row("acc training").unwrap())
    };
    let (loss, acc) = of((80, 24));
    assert!(loss < acc);
    let (loss, acc) = of((200, 24));
    assert_eq!(loss, acc);
    let (loss, acc) = of((80, 9));
    assert_eq!(loss, acc, "few rows");
}

#[test]
fn the_curve_falls_as_the_loss_does() {
    let rows = rows(&picture(), (200, 30), false);
    let column = |row: &String| row[..100].find('*');
    let columns: Vec<_> = rows.iter().filter_map(column).collect();
    assert!(columns.len() > 5 && columns.is_sorted(), "{rows:#?}");
    // Half of the run is done, and half of the width is free.
    let last = rows.iter().filter_map(|row| row[..100].rfind('*')).max().unwrap();
    assert!((45..60).contains(&last), "{last}: {rows:#?}");
}

#[test]
fn a_loss_that_begins_far_above_what_it_comes_to_is_seen_to_fall_to_the_end() {
    let of = |first: f64| {
        let mut picture = Picture { num_iterations: 400, ..picture() };
        picture.loss = Curve::default();
        // It halves every 60 iterations.
        (1..=400).for_each(|iteration| {
            picture.add_loss(iteration, first * 0.5_f64.powf(f64::from(iteration as u32) / 60.0));
        });
        let rows = rows(&picture, (200, 30), false);
        let title = rows.iter().any(|row| row[..100].contains("loss (log scale)"));
        // Where the half of the iterations is, the curve is at half of the height if logarithms are drawn.
        let middle = rows.iter().position(|row| row[..100].find('*').is_some_and(|at| at >= 52));
        (title, middle.unwrap())
    };
    let (is_said, row) = of(100.0);
    assert!(is_said && (12..17).contains(&row), "{row}");
    let mut picture = picture();
    picture.loss = Curve::default();
    (1..=400).for_each(|iteration| picture.add_loss(iteration, 2.0 - iteration as f64 / 400.0));
    assert!(!rows(&picture, (200, 30), false).concat().contains("log scale"));
    picture.add_loss(401, 0.0);
    assert!(!rows(&picture, (200, 30), false).concat().contains("log scale"), "no logarithm");
}

#[test]
fn a_check_before_training_that_would_hide_the_others_is_left_out() {
    let of = |first: f64| {
        let mut picture = Picture { metric: "log-loss", num_epochs: 8, ..picture() };
        (picture.train, picture.val) = (Curve::default(), Curve::default());
        for (epoch, loss) in [first, 1.8, 1.6, 1.4, 1.2, 1.0, 0.8].into_iter().enumerate() {
            picture.add_check(epoch, loss, loss, true);
        }
        rows(&picture, (200, 30), true).join("\n")
    };
    let (far, near) = (of(324.0), of(2.3));
    assert!(far.contains("log-loss (without the first) training"), "{far}");
    assert!(far.contains("1.8") && !far.contains("324"), "{far}");
    assert!(near.contains("log-loss training") && near.contains("2.3"), "{near}");
}

#[test]
fn every_size_is_drawn_without_a_panic_and_in_ascii_if_need_be() {
    let mut noted = picture();
    noted.note = Some("last.ckpt: cannot be written".to_owned());
    let odd = Picture { num_iterations: 0, ..Picture::default() };
    let mut flat = Picture { num_iterations: usize::MAX, num_epochs: 1, ..Picture::default() };
    (1..9).for_each(|iteration| flat.add_loss(iteration, 2.0));
    flat.add_check(0, f64::NAN, f64::INFINITY, true);
    for picture in [noted, odd, flat] {
        for width in (0..40).chain([79, 80, 99, 100, 200, 400]) {
            for height in (0..16).chain([24, 60]) {
                rows(&picture, (width, height), true);
                let text = rows(&picture, (width, height), false).concat();
                assert!(text.is_ascii() && !text.contains('?'), "{width} x {height}: {text:?}");
            }
        }
    }
}

#[test]
fn the_most_important_rows_stay_where_there_are_few() {
    let of = |size| rows(&picture(), size, false).join("\n");
    assert!(of((80, 1)).contains("50%"));
    assert!(of((80, 2)).contains("epoch 5 of 10  best val acc 0.5000 (epoch 5)"));
    assert!(of((20, 24)).contains("epoch 5 of 10"));
    assert!(of((20, 24)).contains("50%  1 s left"));
    assert!(of((80, 24)).contains("CIFAR-10"));
}
