//! The mark by which a plot or a report is known to be barenet's.

/// Mark in every plot, so that nobody else's is taken for one.
pub const MARK: &str = "drawn by barenet";

/// The mark as the second line of an SVG or a page of HTML.
#[must_use]
pub fn svg_mark() -> String {
    format!("<!-- {MARK} -->")
}

/// The first two lines of a page of HTML, of which the second is the mark.
#[must_use]
pub fn html_head() -> String {
    format!("{DOCTYPE}\n{}\n", svg_mark())
}

const DOCTYPE: &str = "<!DOCTYPE html>";

/// Whether bytes begin as a plot or a report of barenet's does: SVG, PNG or HTML.
pub(crate) fn is_our_plot(head: &[u8]) -> bool {
    // In a PNG, signature and header come first: 33 bytes. Then the text, after its length.
    let png = format!("tEXtSoftware\0{MARK}");
    let is_png = head.starts_with(b"\x89PNG")
        && head.get(37..).is_some_and(|text| text.starts_with(png.as_bytes()));
    let mut lines = head.split(|&byte| byte == b'\n');
    let is_text =
        lines.next().is_some_and(|line| line.starts_with(b"<svg ") || line == DOCTYPE.as_bytes())
            && lines.next().is_some_and(|line| line == svg_mark().as_bytes());
    is_png || is_text
}

/// Whether bytes begin as an SVG of an earlier version does, which set no mark: the same drawing in the same
/// place, with the same title.
pub(crate) fn is_earlier_svg(head: &[u8]) -> bool {
    let begins = [
        "<svg width=\"1000\" height=\"",
        "<rect x=\"0\" y=\"0\" width=\"1000\" height=\"",
        "<text x=\"500\" y=\"21\" dy=\"0.76em\" text-anchor=\"middle\" font-family=\"sans-serif\"",
        "Training loss",
    ];
    let mut lines = head.split(|&byte| byte == b'\n');
    begins.iter().all(|text| lines.next().is_some_and(|line| line.starts_with(text.as_bytes())))
}

/// Whether bytes begin as a PNG of an earlier version may: of the same width and kind, with the picture at once.
/// Others' may too, so this says something only beside an SVG of barenet's.
pub(crate) fn may_be_earlier_png(head: &[u8]) -> bool {
    head.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\xe8")
        && head.get(24..29) == Some(b"\x08\x02\0\0\0")
        && head.get(37..41) == Some(b"IDAT")
}
