//! The mark by which a plot is known to be barenet's.

/// What is in every plot, so that nobody else's is taken for one.
pub(super) const MARK: &str = "drawn by barenet";

/// The mark as the second line of an SVG.
pub(super) fn svg_mark() -> String {
    format!("<!-- {MARK} -->")
}

/// Whether bytes begin as a plot of barenet's does, SVG or PNG.
#[must_use]
pub fn is_our_plot(head: &[u8]) -> bool {
    // In a PNG, signature and header come first: 33 bytes. Then the text, after its length.
    let png = format!("tEXtSoftware\0{MARK}");
    let is_png = head.starts_with(b"\x89PNG")
        && head.get(37..).is_some_and(|text| text.starts_with(png.as_bytes()));
    let mut lines = head.split(|&byte| byte == b'\n');
    let is_svg = lines.next().is_some_and(|line| line.starts_with(b"<svg "))
        && lines.next().is_some_and(|line| line == svg_mark().as_bytes());
    is_png || is_svg
}
