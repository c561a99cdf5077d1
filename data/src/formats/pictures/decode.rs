//! Decodes pictures, within limits.

use super::jpeg;
use crate::formats::class_folders::wrong;
use crate::{DataError, ImageSize, PictureForm, reading};
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, Rgb, RgbImage,
};
use std::io::BufReader;
use std::path::Path;

/// Pixels of a picture at most: those of a large camera.
const MAX_PIXELS: usize = 120_000_000;
/// Bytes that decoding one takes at most.
const MAX_BYTES: u64 = 1 << 30;

/// What a picture says of itself before it is decoded.
pub(super) struct Header {
    pub(super) size: ImageSize,
    pub(super) is_grey: bool,
    /// How it has to be turned to stand as the camera saw it: EXIF says so.
    orientation: Orientation,
}

/// Reads what a picture says of itself.
pub(super) fn header(file: &Path) -> Result<Header, DataError> {
    open(file).map(|(_, header)| header)
}

/// A decoder of a picture that is not too large.
fn open(file: &Path) -> Result<(impl ImageDecoder, Header), DataError> {
    let name = || file.display().to_string();
    let io = |error| DataError::Io { path: name(), error };
    let input = BufReader::new(reading::open(file).map_err(io)?);
    let mut reader = ImageReader::new(input).with_guessed_format().map_err(io)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| match png_size(file) {
        Some(size) if has_too_many_pixels(size) => too_large(file, size),
        _ => broken(file, &error),
    })?;
    let (width, height) = decoder.dimensions();
    let side = |side: u32| usize::try_from(side).unwrap_or(usize::MAX);
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let size = match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => ImageSize { width: side(height), height: side(width) },
        _ => ImageSize { width: side(width), height: side(height) },
    };
    if has_too_many_pixels(size) {
        return Err(too_large(file, size));
    }
    if size.width == 0 || size.height == 0 {
        return Err(wrong(&name(), "has no pixels".to_owned(), "remove it"));
    }
    let is_grey = matches!(
        decoder.color_type(),
        ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16
    );
    Ok((decoder, Header { size, is_grey, orientation }))
}

const fn has_too_many_pixels(size: ImageSize) -> bool {
    size.width.saturating_mul(size.height) > MAX_PIXELS
}

fn too_large(file: &Path, size: ImageSize) -> DataError {
    let problem = format!("is of {size} pixels, more than {} million", MAX_PIXELS / 1_000_000);
    wrong(&file.display().to_string(), problem, "make it smaller")
}

/// The size that the header of a PNG file says: of one that is too large the decoder says but that it is.
fn png_size(file: &Path) -> Option<ImageSize> {
    let start = reading::read_start(file, 24).ok()?;
    let header = start.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let (width, height) = (header.first_chunk()?, header.last_chunk()?);
    let side = |side: &[u8; 4]| usize::try_from(u32::from_be_bytes(*side)).unwrap_or(usize::MAX);
    Some(ImageSize { width: side(width), height: side(height) })
}

/// Decodes a picture.
fn decode(file: &Path) -> Result<(DynamicImage, Header), DataError> {
    let (decoder, header) = open(file)?;
    check_is_whole(file)?;
    if decoder.total_bytes() > MAX_BYTES {
        return Err(takes_too_much(file));
    }
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| broken(file, &error))?;
    image.apply_orientation(header.orientation);
    Ok((image, header))
}

/// Refuses a picture of which a part is missing, where the decoder would make it up.
fn check_is_whole(file: &Path) -> Result<(), DataError> {
    let io = |error| DataError::io(file, error);
    let is_jpeg = reading::read_start(file, jpeg::START.len()).map_err(io)? == jpeg::START;
    if is_jpeg && jpeg::is_cut_short(&reading::read(file).map_err(io)?) {
        let problem =
            "cannot be decoded: it is cut short, before the end of the picture".to_owned();
        return Err(wrong(&file.display().to_string(), problem, "copy it again, or remove it"));
    }
    Ok(())
}

/// Whether any pixel of a picture is not grey.
pub(super) fn has_colour(file: &Path) -> Result<bool, DataError> {
    decode(file).map(|(image, header)| !header.is_grey && is_coloured(&image.into_rgb8()))
}

fn is_coloured(image: &RgbImage) -> bool {
    image.pixels().any(|&Rgb([red, green, blue])| red != green || green != blue)
}

/// Reads a picture in a form: its middle, scaled, plane after plane.
pub(super) fn read(file: &Path, form: PictureForm, numbers: &mut [u8]) -> Result<(), DataError> {
    let (image, header) = decode(file)?;
    if form.planes == 1 && !header.is_grey && is_coloured(&image.to_rgb8()) {
        let problem = "is in colour, and the network was trained on grey pictures".to_owned();
        return Err(wrong(&file.display().to_string(), problem, "make it grey"));
    }
    // Of fewer bits first, so that scaling takes less.
    let image = if form.planes == 1 {
        DynamicImage::ImageLuma8(image.into_luma8())
    } else {
        DynamicImage::ImageRgb8(image.into_rgb8())
    };
    let image = fill(image, form.size);
    let bytes = image.as_bytes();
    for (plane, numbers) in numbers.chunks_exact_mut(form.len() / form.planes.max(1)).enumerate() {
        let pixels = bytes.iter().skip(plane).step_by(form.planes);
        numbers.iter_mut().zip(pixels).for_each(|(number, &pixel)| *number = pixel);
    }
    Ok(())
}

/// The middle of a picture that has the shape of a size, scaled to that size.
fn fill(image: DynamicImage, size: ImageSize) -> DynamicImage {
    let (width, height) = (u64::from(image.width()), u64::from(image.height()));
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let (to_width, to_height) = (side(size.width), side(size.height));
    if (image.width(), image.height()) == (to_width, to_height) {
        return image;
    }
    // Whichever side is too long is cut: before scaling, which would make a long picture far longer.
    let cut = |len: u64, other: u64, to: u32, to_other: u32| {
        let (to, to_other) = (u64::from(to), u64::from(to_other).max(1));
        let kept = (2 * other * to + to_other) / (2 * to_other);
        u32::try_from(kept.clamp(1, len)).unwrap_or(u32::MAX)
    };
    let cut_width = cut(width, height, to_width, to_height);
    let cut_height = cut(height, width, to_height, to_width);
    let x = (image.width() - cut_width) / 2;
    let y = (image.height() - cut_height) / 2;
    let filter = FilterType::Triangle;
    match &image {
        DynamicImage::ImageLuma8(image) => {
            let middle = imageops::crop_imm(image, x, y, cut_width, cut_height);
            imageops::resize(&*middle, to_width, to_height, filter).into()
        }
        other => {
            let image = other.to_rgb8();
            let middle = imageops::crop_imm(&image, x, y, cut_width, cut_height);
            imageops::resize(&*middle, to_width, to_height, filter).into()
        }
    }
}

fn takes_too_much(file: &Path) -> DataError {
    let problem = format!("takes more than {} MB to decode", MAX_BYTES >> 20);
    wrong(&file.display().to_string(), problem, "make it smaller")
}

fn broken(file: &Path, error: &ImageError) -> DataError {
    if matches!(error, ImageError::Limits(_)) {
        return takes_too_much(file);
    }
    let text = error.to_string().replace('\n', " ");
    // What the decoders' errors hold says nothing to people.
    let text = text.split(" { ").next().unwrap_or_default();
    let problem = format!("cannot be decoded: {text}");
    wrong(&file.display().to_string(), problem, "save it anew, or remove it")
}
