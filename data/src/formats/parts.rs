//! Data of the parts that are given apart: of the kind of those that train.

use super::{FORMATS, Format};
use crate::{DataError, FormatName, ReadOptions};
use std::path::Path;

impl ReadOptions {
    /// Refuses data that validate or test and are of another kind than those that train, before any are read.
    pub(super) fn check_parts(&self, format: &Format) -> Result<(), DataError> {
        let parts = [("val", &self.val), ("test", &self.test)];
        let parts = parts.into_iter().filter_map(|(option, path)| Some((option, path.as_ref()?)));
        parts.into_iter().try_for_each(|(option, path)| self.check_part(format, option, path))
    }

    fn check_part(
        &self,
        format: &Format,
        option: &'static str,
        path: &Path,
    ) -> Result<(), DataError> {
        let is_of_kind = |other: &&Format| other.kind.word == format.kind.word;
        let mut of_kind = FORMATS.iter().filter(is_of_kind);
        // Whoever reads what is not there says so.
        if !path.exists() || of_kind.any(|of_kind| matches!((of_kind.recognises)(path), Ok(true))) {
            return Ok(());
        }
        let found = match (Self { format: None, ..self.clone() }).find(path) {
            Ok((found, _)) => found,
            // A folder without classes would be a part without samples.
            Err(DataError::NoData { place, found, .. }) if path.is_dir() => {
                let advice = format!("name {} with --{option}", wanted(format.name));
                return Err(DataError::NoData { place, found, advice });
            }
            Err(_) => return Ok(()),
        };
        let (found, kind) = (found.kind.in_a_sentence(), format.kind.in_a_sentence());
        Err(DataError::NoData {
            place: path.display().to_string(),
            found: format!("holds {found}, and --data {kind}"),
            advice: format!(
                "give both in one format: name {} with --{option}",
                wanted(format.name)
            ),
        })
    }
}

/// What is to be named for data of a format.
const fn wanted(format: FormatName) -> &'static str {
    match format {
        FormatName::Csv => "a table (CSV)",
        FormatName::Numpy => "arrays (.npz, .npy, or a folder of .npy files)",
        FormatName::Idx => "IDX images (a file, or a folder of them)",
        FormatName::Pictures => "a folder that has for each class a folder of its pictures",
        FormatName::Recordings => "a folder that has for each class a folder of its recordings",
        FormatName::Cifar10 | FormatName::Cifar100 => "the same data",
    }
}

#[cfg(test)]
mod tests {
    use crate::ReadOptions;
    use crate::formats::numpy::tests::bytes as npy;
    use std::fs;
    use std::path::{Path, PathBuf};
    use tempfile::TempDir;

    /// A file of IDX images, of a byte each.
    fn images(labels: &[u8]) -> [Vec<u8>; 2] {
        let count = u8::try_from(labels.len()).unwrap();
        let images = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 1];
        [[&images[..], labels].concat(), [&[0, 0, 8, 1, 0, 0, 0, count][..], labels].concat()]
    }

    /// Data of every kind.
    fn place() -> TempDir {
        let place = TempDir::new().unwrap();
        let save = |name: &str, bytes: &[u8]| {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        save("t.csv", b"a,y\n1,p\n2,q\n3,p\n4,q\n");
        for folder in ["idx/train", "alone/x"] {
            let [images, labels] = images(&[0, 1, 0, 1]);
            save(&format!("{folder}-images-idx3-ubyte"), &images);
            save(&format!("{folder}-labels-idx1-ubyte"), &labels);
        }
        let [more, labels] = images(&[1, 0, 1]);
        save("idx/t10k-images-idx3-ubyte", &more);
        save("idx/t10k-labels-idx1-ubyte", &labels);
        for folder in ["arrays", "apart"] {
            save(&format!("{folder}/X.npy"), &npy("(4, 2)", &[1, 2, 3, 4, 5, 6, 7, 8]));
            save(&format!("{folder}/y.npy"), &npy("(4,)", &[0, 1, 0, 1]));
        }
        for class in ["walk", "run"] {
            for number in 0..2 {
                save(&format!("motions/{class}/{number}.csv"), b"x\n1\n2\n3\n4\n");
            }
        }
        save("flat/1.csv", b"x\n1\n2\n");
        place
    }

    fn load(folder: &Path, data: &str, test: &str) -> Result<usize, String> {
        let window = (data == "motions").then_some(2);
        let test: Option<PathBuf> = Some(folder.join(test));
        let options = ReadOptions { test, window, ..ReadOptions::default() };
        let data = options.load(&folder.join(data));
        let shown = |error: String| error.replace(&format!("{}/", folder.display()), "");
        data.map(|data| data.test.len()).map_err(|error| shown(error.to_string()))
    }

    #[test]
    fn a_part_of_another_kind_is_refused_with_the_kind_that_it_has_to_be() {
        let place = place();
        for (data, test, parts) in [
            (
                "t.csv",
                "arrays",
                [
                    "arrays: holds numpy arrays, and --data a table; ",
                    "name a table (CSV) with --test",
                ],
            ),
            ("t.csv", "idx", ["idx: holds IDX images, and --data a table; ", "name a table (CSV)"]),
            (
                "arrays",
                "t.csv",
                ["t.csv: holds a table, and --data numpy arrays; ", "name arrays (.npz, .npy, or"],
            ),
            (
                "idx",
                "arrays",
                ["arrays: holds numpy arrays, and --data IDX images; ", "a file, or a folder"],
            ),
            (
                "motions",
                "t.csv",
                ["t.csv: holds a table, and --data recordings; ", "for each class a folder"],
            ),
            (
                "motions",
                "flat",
                [
                    "flat: is a folder, with 1.csv in it and no folder for each class; ",
                    "name a folder that has for each class",
                ],
            ),
            ("t.csv", "no.csv", ["no.csv: No such file or folder; ", ""]),
        ] {
            let error = load(place.path(), data, test).unwrap_err();
            assert!(error.starts_with(parts[0]) && error.contains(parts[1]), "{error}");
        }
    }

    #[test]
    fn folders_of_images_and_of_arrays_test_where_such_train() {
        let place = place();
        for (data, test, count) in [
            ("alone/x-images-idx3-ubyte", "idx", 3),
            ("idx", "alone", 4),
            ("alone", "idx/t10k-images-idx3-ubyte", 3),
            ("arrays", "apart", 4),
            ("arrays/X.npy", "apart", 4),
            ("arrays", "apart/X.npy", 4),
            ("motions", "motions", 12),
        ] {
            assert_eq!(load(place.path(), data, test), Ok(count), "{data}, {test}");
        }
    }
}
