//! `barenet data show`.

use super::DataFlags;
use crate::commands::{out, usage};
use crate::console::say;
use crate::flags::PictureFlags;
use anyhow::{Result, bail};
use barenet::{Rng, Sample};
use barenet_data::augment::{Augment, Flip};
use barenet_data::mixup::Mixup;
use barenet_data::scale::{Fitted, Scale};
use barenet_data::split::Index;
use barenet_data::{DataSet, Numbers, PictureLayout};
use barenet_report::Sheet;
use barenet_run::run_folder::refuse_what_is_no_plot;
use barenet_run::settings::{Name, SettingsError};
use std::path::PathBuf;

/// Draw a sheet of the first pictures of the training set, and of what training makes of them
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet data show --out sheet.png
  barenet data show --augment --out sheet.png
  barenet data show --augment --flip random --shift 2 --data pictures --out sheet.png")]
pub(super) struct Args {
    /// The data
    #[command(flatten)]
    data: DataFlags,
    /// A picture a row, and beside it what --epochs see; alone, as with --flip alternating --shift 4
    #[arg(long)]
    augment: bool,
    /// How training changes them
    #[command(flatten)]
    how: PictureFlags,
    /// Epochs that are shown beside a picture
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100))]
    epochs: u16,
    /// Rows of pictures
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rows: u16,
    /// PNG file that is made, or replaced if barenet drew it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Pixels of a side that small pictures are magnified to, at least.
const MIN_SIDE: usize = 64;

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    let settings = &args.how.0;
    let is_said = settings.flip.is_some()
        || settings.shift.is_some()
        || settings.cutout.is_some()
        || settings.mixup.is_some();
    if !args.augment && is_said {
        return usage("--flip, --shift, --cutout and --mixup take --augment");
    }
    let name = out::name_with_ending(&args.out, "a sheet of pictures", "png")?;
    let folder = out::folder(&args.out)?;
    refuse_what_is_no_plot(&folder, name)?;
    let data = args.data.read(&args.data.reading.0)?;
    data.check()?;
    let (Some(layout), Numbers::U8(numbers)) = (data.pictures(), data.train.numbers()) else {
        bail!(
            "{}: has no pictures of bytes to show; name CIFAR, IDX images or a folder of pictures",
            data.source
        );
    };
    let how = if is_said {
        let flip = settings.flip.map(Name::value).unwrap_or_default();
        let (shift, cutout) = (settings.shift.unwrap_or(0), settings.cutout.unwrap_or(0));
        Augment { flip, shift, cutout }
    } else {
        Augment { flip: Flip::Alternating, shift: 4, cutout: 0 }
    };
    let (rows, epochs) = (usize::from(args.rows), u64::from(args.epochs));
    let in_row = usize::from(args.epochs) + 1;
    let size = layout.size;
    let magnify = MIN_SIDE.div_ceil(size.width.max(size.height).max(1));
    let mut sheet = Sheet::new(size.width, size.height, in_row).magnified(magnify);
    let picture = |index: usize| numbers.chunks_exact(layout.len()).nth(index).unwrap_or_default();
    if args.augment {
        let augmentation = how.of(&data);
        let augmentation = augmentation.map_err(|e| SettingsError::new(e.to_string()))?;
        let rng = Rng::seed(settings.seed.unwrap_or(0));
        let fill = means(&data, layout);
        let seen = |sample: Sample| {
            let mut seen = picture(sample.index).to_vec();
            if let Some(augmentation) = augmentation
                && let Some(view) = augmentation.view(sample)
            {
                augmentation.read(&view, picture(sample.index), 0, &mut seen);
                augmentation.cut_out(&view, 0, &mut seen, &fill);
            }
            seen
        };
        let mixup = Mixup::new(settings.mixup.unwrap_or(0.0));
        for index in 0..rows.min(data.train.len()) {
            sheet.push(&pixels(picture(index), layout));
            for epoch in 0..epochs {
                let sample = Sample::in_epoch(index, rng, epoch);
                let mut picture = seen(sample);
                if let Some((other, share)) =
                    mixup.and_then(|mixup| mixup.other(sample, data.train.len()))
                {
                    mix(&mut picture, &seen(other), share);
                }
                sheet.push(&pixels(&picture, layout));
            }
        }
    } else {
        for index in 0..(rows * in_row).min(data.train.len()) {
            sheet.push(&pixels(picture(index), layout));
        }
    }
    folder.write(name, &sheet.to_png()?)?;
    let how = args.augment.then_some((how, settings.mixup.unwrap_or(0.0)));
    say!("{}: {}", args.out.display(), described(&data, how));
    Ok(())
}

/// Mixes a share of another picture into one, to the nearest bytes.
fn mix(picture: &mut [u8], other: &[u8], share: f64) {
    for (pixel, &other) in picture.iter_mut().zip(other) {
        let mixed = (1.0 - share) * f64::from(*pixel) + share * f64::from(other);
        *pixel = mixed.round() as u8;
    }
}

/// Text of what a sheet shows.
fn described(data: &DataSet, augment: Option<(Augment, f64)>) -> String {
    let of = format!("pictures of {}", data.source);
    match augment {
        None => of,
        Some((Augment { flip, shift, cutout }, mixup)) => {
            let flip = Name::from(flip).name();
            let cutout = if cutout > 0 { format!(" --cutout {cutout}") } else { String::new() };
            let mixup = if mixup > 0.0 { format!(" --mixup {mixup}") } else { String::new() };
            format!("{of}, each with --flip {flip} --shift {shift}{cutout}{mixup} beside it")
        }
    }
}

/// The mean of each channel, which `--scale channels` makes 0.
fn means(data: &DataSet, layout: PictureLayout) -> Vec<u8> {
    let all = Index::Range(0..data.train.len());
    let fitted = Fitted::to(&data.train, &all, Scale::Channels, Some(layout));
    // The first pixel has all channels of a plane, and each plane begins with one.
    let PictureLayout { size, pixel_len, .. } = layout;
    let planes = fitted.offset.chunks((size.width * size.height * pixel_len).max(1));
    planes.flat_map(|plane| plane.iter().take(pixel_len)).map(|&mean| mean as u8).collect()
}

/// Red, green and blue of a picture's pixels.
fn pixels(picture: &[u8], layout: PictureLayout) -> Vec<[u8; 3]> {
    layout.colours(|place| picture.get(place).copied().unwrap_or_default())
}
