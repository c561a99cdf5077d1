//! Pictures in a folder for each class: PNG, JPEG and BMP files, told by their content.
//!
//! A picture of another size is scaled until it covers the size that is wanted, and its middle is taken. If all
//! pictures are grey, a sample has one plane; otherwise it has three, red, green and blue, one after another, as in
//! CIFAR-10. What is transparent is taken as it lies below: alpha is left out.

#[cfg(feature = "pictures")]
mod decode;
#[cfg(feature = "pictures")]
mod jpeg;
#[cfg(not(feature = "pictures"))]
mod none;

use super::class_files::{PICTURES, RECORDINGS, begins_like_a_picture, is_called_a_picture};
use super::class_folders::{self, ClassFolders, files_within, wrong};
use super::unknown;
use crate::reading::read_start;
use crate::{
    DataError, DataSet, ImageSize, Kind, Numbers, Origin, PictureForm, Places, ReadOptions,
    Records, SampleForm, Source, Wanted,
};
use barenet::Label;
#[cfg(feature = "pictures")]
use decode::{Header, has_colour, header, read};
#[cfg(not(feature = "pictures"))]
use none::{Header, has_colour, header, read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// What is known of pictures before they are read.
pub const KIND: Kind = Kind {
    word: PICTURES.word,
    name: PICTURES.word,
    image_shape: "",
    class_names: &[],
    samples: "pictures",
    is_of_course: false,
    takes: &["val", "test", "image-size"],
};

/// What to do where a network takes pictures.
const NAME_PICTURES: &str = "name a PNG, JPEG or BMP picture, or a folder of them";

/// Whether there is a picture in a folder of a class.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(path: &Path) -> Result<bool, DataError> {
    class_folders::recognises(path, begins_like_a_picture)
}

/// Whether a file is a picture: one that is only called so is an error.
fn is_picture(file: &Path) -> Result<bool, DataError> {
    if begins_like_a_picture(file) {
        return Ok(true);
    }
    if is_called_a_picture(file) {
        // What cannot be read at all is told by that.
        read_start(file, 1).map_err(|error| DataError::io(file, error))?;
        let problem = "is no PNG, JPEG or BMP picture".to_owned();
        return Err(wrong(&file.display().to_string(), problem, "convert it, or remove it"));
    }
    Ok(false)
}

/// Reads a folder of pictures, on all threads.
///
/// # Errors
///
/// [`DataError`] naming the file that is to blame.
pub fn load(path: &Path, options: &ReadOptions) -> Result<DataSet, DataError> {
    load_on(path, options, all_threads())
}

fn all_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn load_on(path: &Path, options: &ReadOptions, threads: usize) -> Result<DataSet, DataError> {
    let wanted = class_folders::Wanted { word: "picture", is_one: is_picture, other: RECORDINGS };
    let ClassFolders { class_names, train, val, test } = ClassFolders::find(path, options, wanted)?;
    let form = match &options.trained_form {
        Some((SampleForm::Pictures(form), _)) => *form,
        _ => {
            let all = train.iter().chain(&val).chain(&test).map(|(_, file)| file);
            find_form(all, options.image_size, threads)?
        }
    };
    let read = |part: Vec<(Label, PathBuf)>| {
        let (labels, files): (Vec<_>, Vec<_>) = part.into_iter().unzip();
        let numbers = Numbers::U8(read_all(&files, form, threads)?);
        let records = Records::of(form.len(), numbers, Wanted::Classes(labels));
        Ok::<_, DataError>((records, Origin::Files(files)))
    };
    let ((train, of_train), (val, of_val), (test, of_test)) =
        (read(train)?, read(val)?, read(test)?);
    let source = Source::read(&KIND, path.display().to_string());
    Ok(DataSet {
        train,
        val,
        test,
        places: Places { train: of_train, val: of_val, test: of_test },
        class_names,
        form: Some(SampleForm::Pictures(form)),
        layout: Some(form.into()),
        ..DataSet::empty(source)
    })
}

/// The form of pictures of which none is remembered.
fn find_form<'a>(
    files: impl Iterator<Item = &'a PathBuf> + Clone + Send,
    size: Option<ImageSize>,
    threads: usize,
) -> Result<PictureForm, DataError> {
    let headers: Vec<Header> = on_threads(files.clone(), threads, |file| header(file))?;
    let mut coloured = files.clone().zip(&headers).filter(|(_, header)| !header.is_grey);
    // Some that say colour have none, such as those of a palette of greys.
    let has_colour = coloured.try_fold(
        false,
        |found, (file, _)| {
            if found { Ok(true) } else { has_colour(file) }
        },
    )?;
    let planes = if has_colour { 3 } else { 1 };
    let found = headers.first().map_or(ImageSize { width: 1, height: 1 }, |header| header.size);
    let Some(size) = size else {
        let other = files.clone().zip(&headers).find(|(_, header)| header.size != found);
        let first = files.clone().next();
        if let (Some((file, header)), Some(first)) = (other, first) {
            let problem =
                format!("is of {}, and {} of {found} pixels", header.size, first.display());
            let advice = "name one size for all with --image-size";
            return Err(wrong(&file.display().to_string(), problem, advice));
        }
        if found.width.max(found.height) > ImageSize::MAX_SIDE {
            let name = first.map_or_else(String::new, |file| file.display().to_string());
            let problem = format!("is of {found} pixels, more than a network takes");
            return Err(wrong(&name, problem, "name a smaller size with --image-size"));
        }
        return Ok(PictureForm { size: found, planes });
    };
    Ok(PictureForm { size, planes })
}

/// Reads pictures one after another into numbers.
///
/// # Errors
///
/// [`DataError`] naming the first file that is no picture, or has other channels than the form.
fn read_all(files: &[PathBuf], form: PictureForm, threads: usize) -> Result<Vec<u8>, DataError> {
    let mut numbers = Vec::new();
    let total = files.len().saturating_mul(form.len());
    if numbers.try_reserve_exact(total).is_err() {
        let name = files.first().map_or_else(String::new, |file| file.display().to_string());
        let problem = format!("{} such pictures take {} MB of memory", files.len(), total >> 20);
        return Err(wrong(&name, problem, "name a smaller size with --image-size"));
    }
    numbers.resize(total, 0);
    let slots = files.iter().zip(numbers.chunks_exact_mut(form.len().max(1)));
    on_threads(slots, threads, |(file, numbers)| read(file, form, numbers))?;
    Ok(numbers)
}

/// Reads the pictures that a path names, in the form that a network was trained with: one, or those in a folder and in
/// its folders. The result is of their files and their samples.
///
/// # Errors
///
/// [`DataError`] naming the file that is no picture.
pub fn read_named(path: &Path, form: PictureForm) -> Result<(Vec<PathBuf>, Records), DataError> {
    let mut files = Vec::new();
    if path.is_dir() {
        for file in files_within(path)? {
            if is_picture(&file)? {
                files.push(file);
            }
        }
        if files.is_empty() {
            let problem =
                "has no picture in it, and the network was trained on pictures".to_owned();
            return Err(wrong(&path.display().to_string(), problem, NAME_PICTURES));
        }
    } else if let Some(what) = unknown::other_than_picture(path)? {
        let problem = format!("is {what}, and the network was trained on pictures");
        return Err(wrong(&path.display().to_string(), problem, NAME_PICTURES));
    } else {
        files.push(path.to_owned());
    }
    let numbers = Numbers::U8(read_all(&files, form, all_threads())?);
    let records = Records::of(form.len(), numbers, Wanted::Nothing(files.len()));
    Ok((files, records))
}

/// Does work for every item on several threads; the result, an error too, is the same at any number of them.
fn on_threads<I: Send, T: Send>(
    items: impl Iterator<Item = I> + Send,
    threads: usize,
    work: impl Fn(I) -> Result<T, DataError> + Sync,
) -> Result<Vec<T>, DataError> {
    fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }
    let (items, done) = (Mutex::new(items.enumerate().fuse()), Mutex::new(Vec::new()));
    let has_failed = AtomicBool::new(false);
    let run = || {
        // Items are taken in order: of those before one that fails, none is left undone.
        while !has_failed.load(Ordering::Relaxed) {
            let next = locked(&items).next();
            let Some((index, item)) = next else { return };
            let result = work(item);
            if result.is_err() {
                has_failed.store(true, Ordering::Relaxed);
            }
            locked(&done).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // One that the system refuses is done without.
            let _refused = thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|&(index, _)| index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(all(test, feature = "pictures"))]
mod tests;
