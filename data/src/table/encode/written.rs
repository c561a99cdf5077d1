//! Numbers that are written as no number is read: with decimal commas, commas between thousands, or a sign.

use super::MAX_CLASSES_OF_NUMBERS;

/// Numbers in a form that is read as text.
pub(super) struct Written<'a> {
    pub(super) what: &'static str,
    pub(super) cell: &'a str,
    pub(super) advice: &'static str,
}

/// How the numbers are written that all texts are, if they are.
pub(super) fn written_numbers(texts: &[String]) -> Option<Written<'_>> {
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let are_all = |plain: fn(&str) -> String| texts.iter().all(|text| is_number(&plain(text)));
    // Plain numbers are text only where somebody says so.
    if are_all(str::to_owned) {
        return None;
    }
    let with_comma = texts.iter().find(|text| text.contains(','));
    // Of three digits each, behind the first comma too.
    let in_thousands = |text: &&String| {
        text.split('.').next().unwrap_or_default().split(',').skip(1).all(|part| part.len() == 3)
    };
    if let Some(cell) = with_comma {
        if texts.iter().all(|text| in_thousands(&text)) && are_all(|text| text.replace(',', "")) {
            let what = "commas between thousands, or decimal commas";
            let advice = "write numbers without the former, and decimal points for the latter";
            return Some(Written { what, cell, advice });
        }
        if are_all(|text| text.replacen(',', ".", 1)) {
            return Some(Written { what: "decimal commas", cell, advice: "write decimal points" });
        }
    }
    // Of few texts each may be a class.
    let plain = |text: &str| text.trim_matches(|c| " $€£¥%".contains(c)).replace(',', "");
    let is_many = texts.len() > MAX_CLASSES_OF_NUMBERS;
    let cell = texts.first().filter(|_| is_many && are_all(plain))?;
    Some(Written { what: "numbers with a sign", cell, advice: "write the numbers alone" })
}
