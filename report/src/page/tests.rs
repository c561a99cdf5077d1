use super::run::{Answers, Curves, Findings, Layer, NotShown, RunSection, Sample};
use super::*;

const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror='a()'>\"&<!--";

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A run in which every text is hostile.
fn run(name: &str, val: f64) -> RunSection {
    let pixels = vec![[1, 2, 3]; 4];
    let picture = Picture { width: 2, height: 2, pixels };
    RunSection {
        name: name.to_owned(),
        metric: (HOSTILE.to_owned(), true),
        best_val: Some(val),
        scores: vec![(HOSTILE.to_owned(), val)],
        facts: vec![pair(HOSTILE, HOSTILE)],
        times: vec![(HOSTILE.to_owned(), 3.5)],
        notes: vec![HOSTILE.to_owned()],
        curves: Curves {
            loss: (0..5000).map(|n| 2.0 / f64::from(n + 1)).collect(),
            train: vec![0.1, 0.5],
            val: vec![0.1, 0.4],
            grad_norm: vec![2.0, 0.5],
            weight_norm: vec![1.0, 3.0],
            learning_rate: vec![(0.0, 0.1), (10.0, 0.01)],
        },
        findings: Some(Findings {
            of: HOSTILE.to_owned(),
            answers: Answers::Classes {
                names: vec![HOSTILE.to_owned(); 2],
                confusion: vec![vec![1, 2], vec![3, 4]],
                rates: vec![[0.5; 3]; 2],
            },
            samples: vec![Sample {
                origin: HOSTILE.to_owned(),
                picture: Some(picture.clone()),
                answers: vec![pair(HOSTILE, HOSTILE)],
                inputs: Vec::new(),
            }],
        }),
        units: vec![picture],
        layers: vec![Layer { name: HOSTILE.to_owned(), ..Layer::default() }],
        settings: vec![pair(HOSTILE, HOSTILE), pair("seed", "3")],
        data: vec![pair(HOSTILE, HOSTILE)],
        machine: vec![pair(HOSTILE, HOSTILE)],
    }
}

/// A page without its own script, which is known.
fn html(runs: Vec<RunSection>, not_shown: Vec<NotShown>) -> String {
    let page = Page { runs, not_shown, maker: HOSTILE.to_owned() };
    let html = page.to_html().unwrap();
    assert_eq!(html, page.to_html().unwrap(), "the same page is the same bytes");
    assert_eq!(html.matches(SCRIPT).count(), 1);
    html.replace(SCRIPT, "")
}

/// The names of all elements that begin, and of those that end.
fn tags(html: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut begin, mut end) = (Vec::new(), Vec::new());
    for part in html.split('<').skip(1) {
        let name = |text: &'static str, part: &str| part.trim_start_matches(text).len();
        let is_end = part.starts_with('/');
        let rest = &part[part.len() - name("/", part)..];
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
        if is_end {
            end.push(name);
        } else if !name.is_empty() {
            begin.push(name);
        }
    }
    (begin, end)
}

fn check_structure(html: &str) {
    const NEVER_END: [&str; 5] = ["meta", "link", "img", "input", "br"];
    let (begin, end) = tags(html);
    for name in ["script", "section", "figure", "table", "details", "div", "th", "h1", "h2", "svg"]
    {
        let count = |all: &[&str]| all.iter().filter(|found| **found == name).count();
        assert_eq!(count(&begin), count(&end), "{name}");
    }
    assert!(!end.iter().any(|name| NEVER_END.contains(name)));
    // A heading is at most one level below the one before.
    let levels: Vec<u32> =
        begin.iter().filter_map(|name| name.strip_prefix('h')?.parse().ok()).collect();
    assert_eq!(levels.first(), Some(&1));
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1 && pair[1] > 1), "{levels:?}");
    let count = |text: &str| html.matches(text).count();
    assert_eq!(count("<table"), count("<caption>"));
    assert_eq!(count("<img "), count(" alt=\""));
    let ids: Vec<_> =
        html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for (place, id) in ids.iter().enumerate() {
        assert!(!ids[..place].contains(id), "{id} twice");
    }
    for reference in html.split("aria-labelledby=\"").skip(1) {
        let id = reference.split('"').next().unwrap();
        assert!(ids.contains(&id), "{id} is nowhere");
    }
}

#[test]
fn nothing_that_a_page_shows_is_markup() {
    let not_shown = || vec![NotShown { name: HOSTILE.to_owned(), problem: HOSTILE.to_owned() }];
    for runs in [vec![run(HOSTILE, 0.5)], vec![run(HOSTILE, 0.5), run(HOSTILE, 0.6)], Vec::new()] {
        let html = html(runs, not_shown());
        for bad in ["<script>alert", "<img src=x", "<!--<"] {
            assert!(!html.contains(bad), "{bad}");
        }
        check_structure(&html);
    }
}

#[test]
fn a_page_loads_nothing_and_runs_its_own_script_alone() {
    let html = html(vec![run("a", 0.5)], Vec::new());
    for bad in ["http:", "https:", "//", "@import", "url("] {
        assert!(!html.contains(bad), "{bad}");
    }
    let sources = html.split("src=\"").skip(1);
    assert!(sources.clone().count() > 1);
    assert!(sources.into_iter().all(|source| source.starts_with("data:image/png;base64,")));
    assert!(html.contains(
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-"
    ));
    for code in ["fetch(", "XMLHttp", "import(", "eval(", "innerHTML", "http"] {
        let is_name =
            code == "http" && SCRIPT.replace("http://www.w3.org/2000/svg", "").contains(code);
        assert!(is_name || code == "http" || !SCRIPT.contains(code), "{code}");
    }
}

#[test]
fn one_run_has_its_curves_and_several_have_theirs_together() {
    let one = html(vec![run("a", 0.5)], Vec::new());
    for id in [
        "run-0-loss",
        "run-0-metric",
        "run-0-gradients",
        "run-0-weights",
        "run-0-rate",
        "run-0-answers",
        "run-0-units",
        "run-0-layers",
    ] {
        assert!(one.contains(&format!("id=\"{id}\"")), "{id}");
    }
    let two = html(vec![run("a", 0.5), run("b", 0.6)], Vec::new());
    for id in [
        "runs-loss",
        "runs-validation-0",
        "runs-training-0",
        "runs-gradients",
        "runs-weights",
        "runs-rate",
        "choice",
        "run-1-answers",
    ] {
        assert!(two.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(two.contains("b (best)") && !two.contains("a (best)") && !two.contains("run-0-loss"));
}

#[test]
fn a_chart_whose_first_point_hides_the_others_begins_at_the_second_and_says_so() {
    let of = |first: f64, names: &[&str]| {
        let runs = names.iter().map(|name| {
            let mut run = run(name, 0.5);
            run.curves.val = vec![first, 1.8, 1.4, 1.2, 1.1];
            run
        });
        html(runs.collect(), Vec::new())
    };
    for names in [&["a"][..], &["a", "b"]] {
        let (far, near) = (of(324.0, names), of(2.3, names));
        let words = "The first point is too far off to be seen beside the others";
        assert_eq!((far.matches(words).count(), near.matches(words).count()), (1, 0));
        let begins = |html: &str| html.matches("\"from\":1.0").count();
        assert_eq!((begins(&far), begins(&near)), (1, 0));
        assert!(far.contains("[0.0,324.0]"), "it is still there");
    }
}

#[test]
fn folds_have_a_title_and_a_table_of_their_own() {
    let fold = |number: usize| {
        let mut run = run(&format!("fold-{number}"), 0.5);
        run.settings.extend([pair("folds", "2"), pair("fold", &number.to_string())]);
        run
    };
    let page = html(vec![fold(1), fold(2)], Vec::new());
    assert!(
        page.contains("<h1>Cross-validation, 2 folds</h1>") && page.contains("Over all 2 folds")
    );
    check_structure(&page);
}

#[test]
fn two_hundred_runs_are_a_page_that_opens() {
    let runs = (0..200).map(|n| run(&format!("runs/{n}"), f64::from(n))).collect();
    let html = html(runs, Vec::new());
    assert!(html.len() < 3_000_000, "{}", html.len());
    assert_eq!(html.matches("<details class=\"run\">").count(), MAX_IN_DETAIL);
    assert!(html.contains("<h2>runs/199</h2>") && !html.contains("<h2>runs/191</h2>"));
    assert_eq!(html.matches(" checked>").count(), MAX_IN_DETAIL);
}
