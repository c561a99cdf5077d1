use super::*;

fn figure(loss: &[f64], acc: &[f64]) -> Figure {
    training_figure(
        "t",
        Metric::Accuracy,
        &TrainingCurves { label: "a", loss, train: acc, val: acc },
    )
}

#[test]
fn a_png_has_the_size_of_its_panels() {
    let bytes = figure(&[2.3, 1.0], &[0.1, 0.5]).to_png().unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(bytes[16..24], [[0, 0, 3, 0xE8], [0, 0, 3, 0x70]].concat());
}

#[test]
fn an_svg_has_the_titles_of_its_panels() {
    let run = TrainingCurves { label: "adam<&", loss: &[1.0], train: &[0.5], val: &[0.4] };
    let svg = comparison_figure(Metric::Accuracy, &[run, run]).to_svg().unwrap();
    for text in ["Training loss", "Training accuracy", "Validation accuracy", "adam&lt;&amp;"] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(svg.trim_end().ends_with("</svg>"));
}

#[test]
fn the_titles_of_panels_come_from_the_metric() {
    let run = TrainingCurves { label: "a", loss: &[1.0], train: &[0.5], val: &[0.4] };
    let comparison = comparison_figure(Metric::Mse, &[run, run]).to_svg().unwrap();
    let training = training_figure("t", Metric::Mse, &run).to_svg().unwrap();
    for (svg, texts) in
        [(&comparison, &["Training MSE", "Validation MSE"][..]), (&training, &["\nMSE\n"])]
    {
        assert!(texts.iter().all(|text| svg.contains(text)), "{svg}");
        assert!(!svg.to_lowercase().contains("accuracy"), "{svg}");
    }
}

#[test]
fn the_same_figure_is_the_same_bytes() {
    let figure = figure(&[2.0, 1.5, 1.0], &[0.1, 0.4]);
    assert_eq!(figure.to_png().unwrap(), figure.to_png().unwrap());
    assert_eq!(figure.to_svg().unwrap(), figure.to_svg().unwrap());
}

#[test]
fn checks_before_training_that_would_hide_the_others_are_left_out_and_said_to_be() {
    let svg_of = |first: f64, draw: &dyn Fn(&TrainingCurves<'_>) -> Figure| {
        let checks = [first, 1.8, 1.4, 1.2, 1.1];
        let curves = TrainingCurves { label: "a", loss: &[2.3, 1.0], train: &checks, val: &checks };
        draw(&curves).to_svg().unwrap()
    };
    let training: &dyn Fn(&TrainingCurves<'_>) -> Figure =
        &|curves| training_figure("t", Metric::LogLoss, curves);
    let comparison: &dyn Fn(&TrainingCurves<'_>) -> Figure =
        &|curves| comparison_figure(Metric::LogLoss, &[*curves, *curves]);
    for (draw, left_out) in [(training, 2), (comparison, 4)] {
        let (far, near) = (svg_of(324.0, draw), svg_of(2.3, draw));
        let is_said = |svg: &str| svg.contains("the first point is too far off to be shown");
        assert!(is_said(&far) && !is_said(&near));
        let dots = |svg: &str| svg.matches("<circle").count();
        assert_eq!(dots(&near) - dots(&far), left_out);
        let labels: Vec<_> = side_labels(&far).into_iter().map(|(_, label)| label).collect();
        assert!(labels.contains(&"1.2") && !labels.contains(&"300"), "{labels:?}");
    }
}

#[test]
fn odd_histories_can_be_drawn() {
    let long = vec![1.0; 50_000];
    for loss in [&[][..], &[1.0], &[f64::NAN], &[1.0, f64::INFINITY], &[0.0, 0.0], &long] {
        let svg = figure(loss, &[0.5]).to_svg().unwrap();
        assert!(svg.len() < 1_000_000, "{}", svg.len());
        figure(loss, &[]).to_png().unwrap();
    }
}

/// Labels at the side of a panel: the pixel at which each ends, and its text.
fn side_labels(svg: &str) -> Vec<(f64, &str)> {
    let texts = svg.split("<text x=\"").skip(1);
    texts
        .filter(|text| text.contains("text-anchor=\"end\""))
        .map(|text| {
            let x = text.split('"').next().unwrap().parse().unwrap();
            (x, text.split('>').nth(1).unwrap().split('<').next().unwrap().trim())
        })
        .collect()
}

#[test]
fn labels_of_numbers_of_any_size_fit_beside_the_axis_and_differ() {
    for values in [
        [0.0, 1.0],
        [2.302, 2.303],
        [0.5, 0.500_000_1],
        [99_000.0, 100.0],
        [1e5, 1.2e5],
        [999_999.0, 0.0],
        [1e6, 1.2e6],
        [123_456_789.0, 123_456_788.0],
        [1e25, 0.0],
        [1e25, 1.000_000_1e25],
        [1e-30, 3e-30],
        [-1e300, 1e308],
        [f64::MAX, f64::MAX],
        [f64::MIN_POSITIVE, 5e-324],
        [5e-324, 5e-324],
        [0.0, 0.0],
        [f64::NAN, 7e11],
        [f64::INFINITY, 1e-7],
    ] {
        let svg = figure(&values, &[]).to_svg().unwrap();
        // Of the first panel: the second is that of the accuracies.
        let svg = svg.split("Accuracy").next().unwrap();
        let labels = side_labels(svg);
        assert!(labels.len() >= 3, "{values:?}: {labels:?}");
        for (index, (end, label)) in labels.iter().enumerate() {
            // Digits of DejaVu Sans at this size are 8.2 pixels wide; the title is left of them.
            let width = 8.2 * label.chars().count() as f64;
            assert!(end - width > 30.0, "{values:?}: {label} begins at {}", end - width);
            assert!(labels[..index].iter().all(|other| other.1 != *label), "{labels:?}");
        }
        figure(&values, &[]).to_png().unwrap();
    }
}
