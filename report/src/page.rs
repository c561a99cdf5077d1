//! A page of HTML that shows runs: one file, which needs nothing else and asks nothing of any network.

mod base64;
mod chart;
mod classes;
mod comparison;
mod curves;
mod findings;
mod folds;
mod histogram;
mod html;
mod picture;
pub(crate) mod run;
mod section;
mod table;
mod thin;

pub use comparison::{MAX_IN_DETAIL, in_detail};
pub use picture::Picture;

use crate::PlotError;
use barenet_run::plot_mark::html_head;
use folds::Folds;
use html::escaped;
pub(crate) use html::figure;
use run::{NotShown, RunSection};
use sha2::{Digest, Sha256};
use std::fmt::Write;

const STYLE: &str = include_str!("page/report.css");
const SCRIPT: &str = concat!(
    include_str!("page/chart.js"),
    include_str!("page/draw.js"),
    include_str!("page/report.js")
);

/// A page that shows one run, or several side by side.
///
/// ```
/// use barenet_report::{Page, RunSection};
/// let run = RunSection { name: "<two> layers".to_owned(), ..RunSection::default() };
/// let html = Page { runs: vec![run], ..Page::default() }.to_html()?;
/// assert!(html.starts_with("<!DOCTYPE html>") && html.contains("<h1>&lt;two&gt; layers</h1>"));
/// # Ok::<(), barenet_report::PlotError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The runs.
    pub runs: Vec<RunSection>,
    /// Runs that were asked for and cannot be shown.
    pub not_shown: Vec<NotShown>,
    /// Who made it, such as a program and its version.
    pub maker: String,
}

impl Page {
    /// The page as the text of an HTML file. The same page is the same bytes.
    ///
    /// # Errors
    ///
    /// [`PlotError`] if a picture cannot be encoded.
    pub fn to_html(&self) -> Result<String, PlotError> {
        let title = match self.runs.as_slice() {
            [run] => escaped(&run.name),
            runs => match Folds::of(runs) {
                Some(folds) => folds.title(),
                None => format!("{} runs", runs.len()),
            },
        };
        let mut out = html_head();
        self.write_head(&mut out, &title);
        let _ = writeln!(
            out,
            "<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n<p>Training report</p>\n<h1>{title}</h1>\n\
             <button type=\"button\" id=\"theme\" hidden>Dark</button>\n</header>\n<main id=\"main\">\n\
             <noscript><p class=\"note\">The charts are drawn by a script, which this browser does not run; their numbers are in the \
             tables below them.</p></noscript>"
        );
        match self.runs.as_slice() {
            [run] => {
                comparison::write_not_shown(&mut out, &self.not_shown);
                section::write(&mut out, run, 2, "run-0", true)?;
            }
            runs => self.write_several(&mut out, runs)?,
        }
        let _ = writeln!(
            out,
            "</main>\n<footer><p>Made by {}. This file needs no network.</p></footer>\n<script>{SCRIPT}</script>\n</body>\n</html>",
            escaped(&self.maker)
        );
        Ok(out)
    }

    fn write_head(&self, out: &mut String, title: &str) {
        // Nothing but this page's own script runs, whatever stands in the page, and nothing is loaded.
        let script = base64::base64(&Sha256::digest(SCRIPT.as_bytes()));
        let _ = writeln!(
            out,
            "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
             script-src 'sha256-{script}'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}: training report</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>"
        );
    }

    fn write_several(&self, out: &mut String, runs: &[RunSection]) -> Result<(), PlotError> {
        let shown = in_detail(runs);
        out.push_str("<section aria-labelledby=\"runs\">\n<h2 id=\"runs\">Runs</h2>\n");
        if let Some(folds) = Folds::of(runs) {
            folds.write(out, runs);
        }
        if !runs.is_empty() {
            comparison::write(out, runs);
        }
        comparison::write_not_shown(out, &self.not_shown);
        out.push_str("</section>\n");
        let charts = curves::of_runs(runs);
        if !charts.is_empty() {
            out.push_str("<section aria-labelledby=\"curves\">\n<h2 id=\"curves\">Curves</h2>\n");
            comparison::write_choice(out, runs, &shown);
            out.push_str("<div class=\"charts\">\n");
            charts.iter().for_each(|chart| chart.write(out, 3));
            out.push_str("</div>\n</section>\n");
        }
        if shown.len() < runs.len() {
            let _ = writeln!(
                out,
                "<p class=\"note\">The {} best runs are shown one by one below. <code>barenet report RUN</code> shows another.</p>",
                shown.len()
            );
        }
        for number in shown {
            let Some(run) = runs.get(number) else { continue };
            let name = escaped(&run.name);
            let _ = writeln!(out, "<details class=\"run\">\n<summary><h2>{name}</h2></summary>");
            // Its curves are above, beside those of the others.
            section::write(out, run, 3, &format!("run-{number}"), false)?;
            out.push_str("</details>\n");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
