use super::*;

/// Scores of twelve samples in three classes, and their classes. The figures are scikit-learn 1.9's.
const SCORES: [[f64; 3]; 12] = [
    [-1.6, -2.6, -0.5],
    [0.8, 2.3, 0.2],
    [-1.1, -1.6, 1.5],
    [3.3, 0.5, -2.5],
    [-1.9, 3.2, 0.4],
    [-3.5, -0.2, -2.3],
    [-1.3, -1.0, -1.4],
    [1.1, -0.1, -1.2],
    [0.8, 1.7, -3.3],
    [-0.5, -2.0, -0.3],
    [-2.6, 0.0, -0.1],
    [-0.6, -2.1, -0.8],
];
const LABELS: [Label; 12] = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 0];

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-14, "expected {expected}, found {found}");
}

#[test]
fn figures_of_classes_are_those_of_scikit_learn() {
    let found = ClassFigures::new(&SCORES.concat(), &LABELS, 3);
    assert_eq!(found.confusion, [[2, 3, 2], [1, 2, 0], [0, 1, 1]]);
    close(found.accuracy, 5.0 / 12.0);
    close(found.balanced_accuracy(), 0.484_126_984_126_984_13);
    close(found.macro_f1(), 0.414_814_814_814_814_8);
    close(found.log_loss, 1.634_432_210_137_278_4);
    close(found.auc.unwrap(), 0.578_483_245_149_911_8);
    let of = found.of_classes();
    for (class, (precision, recall, f1, count)) in of.iter().zip([
        (2.0 / 3.0, 2.0 / 7.0, 0.4, 7),
        (1.0 / 3.0, 2.0 / 3.0, 4.0 / 9.0, 3),
        (1.0 / 3.0, 0.5, 0.4, 2),
    ]) {
        close(class.precision, precision);
        close(class.recall, recall);
        close(class.f1, f1);
        assert_eq!(class.count, count);
    }
}

#[test]
fn the_area_of_two_classes_is_that_of_the_second() {
    let two: Vec<f64> = SCORES.iter().flat_map(|row| [row[0], row[1]]).collect();
    let labels = LABELS.map(|label| label.min(1));
    close(ClassFigures::new(&two, &labels, 2).auc.unwrap(), 0.471_428_571_428_571_5);
}

#[test]
fn a_class_without_samples_counts_for_nothing() {
    let found = ClassFigures::new(&[1.0_f32, 0.0, 0.0, 1.0], &[0, 0], 2);
    close(found.balanced_accuracy(), 0.5);
    close(found.macro_f1(), 1.0 / 3.0);
    // A class that is neither there nor named.
    close(ClassFigures::new(&[1.0, 0.0, 1.0, 0.0], &[0, 0], 2).macro_f1(), 1.0);
    assert_eq!(found.auc, None);
    assert_eq!(found.of_classes()[1].f1, 0.0);
    let none = ClassFigures::new::<f32>(&[], &[], 2);
    assert_eq!((none.accuracy, none.log_loss, none.balanced_accuracy()), (0.0, 0.0, 0.0));
}

#[test]
fn scores_far_apart_have_a_finite_loss() {
    let found = ClassFigures::new(&[1000.0_f32, 0.0], &[1], 2);
    close(found.log_loss, 1000.0);
}
