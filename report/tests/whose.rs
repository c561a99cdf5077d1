//! Plots that lie where a run writes its own: barenet's are replaced, others stay.

use barenet_report::{Figure, TrainingCurves, comparison_figure, training_figure};
use barenet_run::folder::Folder;
use barenet_run::measured::Metric;
use barenet_run::run_folder::{COMPARISON_PLOTS, PLOTS, refuse_what_is_in_the_way};
use std::fs;

#[test]
fn plots_are_ours() {
    let curves = TrainingCurves { label: "", loss: &[1.0], train: &[0.5], val: &[0.5] };
    let figure = training_figure("t", Metric::Accuracy, &curves);
    let folder = tempfile::tempdir().unwrap();
    let [svg, png] = PLOTS;
    fs::write(folder.path().join(svg), figure.to_svg().unwrap()).unwrap();
    fs::write(folder.path().join(png), figure.to_png().unwrap()).unwrap();
    let place = Folder::open(folder.path()).unwrap();
    for name in PLOTS {
        refuse_what_is_in_the_way(&place, [name]).unwrap();
    }
    fs::remove_file(folder.path().join(svg)).unwrap();
    refuse_what_is_in_the_way(&place, [png]).unwrap();
}

/// An SVG and a PNG without the marks that earlier versions did not set.
fn without_marks(figure: &Figure) -> (String, Vec<u8>) {
    let svg = figure.to_svg().unwrap();
    let lines: Vec<_> = svg.lines().filter(|line| !line.contains("drawn by")).collect();
    let mut png = figure.to_png().unwrap();
    // The text: its length, "tEXt", the 25 bytes and a checksum.
    png.drain(33..33 + 4 + 4 + 25 + 4);
    (lines.join("\n"), png)
}

#[test]
fn plots_of_earlier_versions_are_ours_and_a_png_alone_is_not() {
    let curves = TrainingCurves { label: "a", loss: &[2.0], train: &[0.5], val: &[0.5] };
    let figures = [
        (PLOTS, training_figure("two-layer", Metric::Accuracy, &curves)),
        (COMPARISON_PLOTS, comparison_figure(Metric::Accuracy, &[curves, curves])),
    ];
    for ([svg_name, png_name], figure) in figures {
        let folder = tempfile::tempdir().unwrap();
        let (svg, png) = without_marks(&figure);
        let place = Folder::open(folder.path()).unwrap();
        fs::write(folder.path().join(png_name), &png).unwrap();
        refuse_what_is_in_the_way(&place, [png_name]).unwrap_err();
        fs::write(folder.path().join(svg_name), "<svg width=\"1000\" height=\"880\">\n").unwrap();
        refuse_what_is_in_the_way(&place, [png_name]).unwrap_err();
        fs::write(folder.path().join(svg_name), svg).unwrap();
        refuse_what_is_in_the_way(&place, [svg_name, png_name]).unwrap();
        fs::write(folder.path().join(png_name), figure.to_png().unwrap().repeat(2)).unwrap();
        refuse_what_is_in_the_way(&place, [svg_name, png_name]).unwrap();
        fs::write(folder.path().join(png_name), b"\x89PNG\r\n\x1a\nmine").unwrap();
        refuse_what_is_in_the_way(&place, [svg_name, png_name]).unwrap_err();
    }
}
