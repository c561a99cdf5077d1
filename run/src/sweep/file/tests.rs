use super::*;
use crate::sweep::space::Space;

fn read(text: &str) -> Result<Search, SettingsError> {
    Search::from_toml(text, Path::new("s.toml"))
}

#[test]
fn a_file_says_what_is_tried() {
    let text = "method = \"random\"\ntrials = 3\nseed = 5\n\n[settings]\nnum_epochs = 9\n\n[parameters]\n\
                learning_rate = { min = 1e-4, max = 1, log = true }\nbatch_size = { min = 8, max = 64 }\n\
                hidden = { values = [[64], [64, 64], []] }\n\n[halving]\nfactor = 2\n";
    let search = read(text).unwrap();
    let Method::Random { parameters, trials: 3, seed: 5 } = &search.method else {
        panic!("{search:?}")
    };
    let spaces: Vec<_> = parameters.iter().map(|all| (all.name, &all.space)).collect();
    assert_eq!(spaces[0], ("batch_size", &Space::Whole { min: 8, max: 64, log: false }));
    assert!(matches!(spaces[1], ("hidden", Space::Values(values)) if values.len() == 3));
    assert_eq!(spaces[2], ("learning_rate", &Space::Reals { min: 1e-4, max: 1.0, log: true }));
    assert_eq!(search.settings.num_epochs, Some(9));
    assert_eq!(search.halving, Some(Halving { min_epochs: 1, factor: 2 }));
    assert_eq!(search.trials().unwrap().len(), 3);
    // As it is written again it is the same.
    assert_eq!(read(&search.to_toml(&search.settings)), Ok(search));
}

#[test]
fn a_list_has_settings_that_go_together() {
    let text = "[[list]]\nname = \"slow\"\nupdate_rule = \"sgd\"\nlearning_rate = 0.01\n[[list]]\nupdate_rule = \"adam\"\n";
    let search = read(text).unwrap();
    let trials = search.trials().unwrap();
    let names: Vec<_> = trials.iter().map(|trial| &*trial.name).collect();
    assert_eq!(names, ["slow", "trial-0002"]);
    assert_eq!(trials[0].settings.learning_rate, Some(0.01));
    assert_eq!(search.names(), ["update_rule", "learning_rate"]);
    assert_eq!(read(&search.to_toml(&search.settings)), Ok(search));
}

#[test]
fn what_is_wrong_is_refused_with_its_line() {
    for (text, problem) in [
        ("", "s.toml: the grid is empty: [parameters] names no setting"),
        ("[parameters]\n", "s.toml: the grid is empty"),
        ("method = \"random\"\ntrials = 3\n", "s.toml: the search is empty"),
        ("x = [\n", "s.toml:1: "),
        ("methd = \"grid\"\n", "s.toml:1: `methd` is no key of a sweep; did you mean method?"),
        ("method = \"gird\"\n", "s.toml:1: method: there is no \"gird\"; did you mean grid?"),
        ("method = 3\n", "s.toml:1: method is a text in quotes"),
        ("parameters = 3\n", "s.toml:1: parameters is a table: write [parameters]"),
        (
            "[parameters]\nlerning_rate = { values = [1] }\n",
            "s.toml:2: there is no setting `lerning_rate`; did you mean learning_rate?",
        ),
        (
            "[parameters]\nlr = { values = [1] }\n",
            "s.toml:2: there is no setting `lr`; did you mean learning_rate?",
        ),
        ("[parameters]\nepochs = { values = [1] }\n", "did you mean num_epochs?"),
        ("[settings]\n\nreg = -1.0\n[parameters]\n", "s.toml:3: reg must be at least 0"),
        ("[settings]\nrge = 1\n", "s.toml:2: there is no setting `rge`; did you mean reg?"),
        (
            "[parameters]\nreg = 0.1\n",
            "s.toml:2: reg = 0.1 is one value: write reg = { values = [..] }",
        ),
        ("[parameters]\nreg = {}\n", "s.toml:2: reg takes values = [..], or both min and max"),
        ("[parameters]\nreg = { min = 0.1 }\n", "s.toml:2: reg takes values = [..], or both"),
        (
            "[parameters]\nreg = { vales = [1] }\n",
            "`vales` is no key of a parameter; did you mean values?",
        ),
        ("[parameters]\nreg = { values = [] }\n", "s.toml:2: reg: values is empty"),
        ("[parameters]\nreg = { values = 3 }\n", "s.toml:2: reg: values is a list"),
        ("[parameters]\nreg = { values = [1, 1.0] }\n", "s.toml:2: reg: values has 1.0 twice"),
        (
            "[parameters]\nreg = { values = [1], max = 3 }\n",
            "s.toml:2: reg has both values and a range",
        ),
        (
            "[parameters]\nreg = { values = [\n  1,\n  -1,\n] }\n",
            "s.toml:4: reg must be at least 0, found -1.0",
        ),
        ("[parameters]\nreg = { values = [\"x\"] }\n", "s.toml:2: reg: invalid type: string \"x\""),
        (
            "[parameters]\nbatch_size = { values = [1.5] }\n",
            "s.toml:2: batch_size: invalid type: floating",
        ),
        (
            "[parameters]\nreg = { min = 1, max = 0.5 }\n",
            "s.toml:2: reg: min is 1, which is more than max, 0.5",
        ),
        (
            "[parameters]\nreg = { min = 0, max = 1, log = true }\n",
            "s.toml:2: reg: log takes a min above 0, found 0",
        ),
        ("[parameters]\nreg = { min = 0, max = 1, log = 1 }\n", "s.toml:2: log is true or false"),
        ("[parameters]\nreg = { min = \"a\", max = 1 }\n", "s.toml:2: reg: invalid type: string"),
        (
            "[parameters]\nreg = { min = nan, max = 1 }\n",
            "s.toml:2: reg must be at least 0, found NaN",
        ),
        (
            "[parameters]\nreg = { min = 0, max = inf }\n",
            "s.toml:2: reg must be a finite number, at least 0, found inf",
        ),
        (
            "[parameters]\nbatch_size = { min = 0, max = 9 }\n",
            "s.toml:2: batch_size must be at least 1, found 0",
        ),
        (
            "[parameters]\nhidden = { min = 1, max = 9 }\n",
            "s.toml:2: hidden is no number and has no range",
        ),
        ("[parameters]\nbatchnorm = { min = 0, max = 1 }\n", "s.toml:2: batchnorm is no number"),
        (
            "[parameters]\nreg = { min = 0, max = 1 }\n",
            "s.toml:1: reg: a grid takes values, not a range",
        ),
        ("[parameters]\nthreads = { values = [1, 2] }\n", "s.toml:2: threads changes no result"),
        (
            "[parameters]\ntarget = { values = [\"a\"] }\n",
            "s.toml:2: target says what the data are",
        ),
        ("[parameters]\nfrom = { values = [\"runs/a\"] }\n", "s.toml:2: --from is for `train`"),
        ("[settings]\ndata = \"a.csv\"\n", "s.toml:2: --data names a file"),
        (
            "[parameters]\nfolds = { values = [2, 3] }\n",
            "s.toml:2: folds is the same for all trials",
        ),
        (
            "trials = 3\n[parameters]\nreg = { values = [1] }\n",
            "s.toml:1: trials is for method = \"random\"",
        ),
        ("method = \"list\"\n", "s.toml: the list is empty"),
        ("list = []\n", "s.toml: the list is empty"),
        ("list = 3\n", "s.toml:1: list is of tables"),
        ("list = [3]\n", "s.toml:1: list is of tables"),
        (
            "[[list]]\nreg = 1\n[[list]]\nreg = 1.0\n",
            "s.toml:3: \"trial-0002\" has the same settings",
        ),
        ("[[list]]\nname = \"../x\"\n", "s.toml:1: \"../x\" is to be up to 64 letters"),
        (
            "[[list]]\nname = \"a\"\n[[list]]\nname = \"A\"\nreg = 1\n",
            "s.toml:3: \"A\" is that of another trial",
        ),
        (
            "[[list]]\nreg = 1\n[parameters]\n",
            "s.toml:3: parameters is for method = \"grid or random\"",
        ),
        (
            "method = \"random\"\n[parameters]\nreg = { values = [1] }\n",
            "s.toml: method = \"random\" takes trials",
        ),
        (
            "method = \"random\"\ntrials = 0\n[parameters]\nreg = { values = [1] }\n",
            "s.toml:2: trials must be a whole number from 1 to 10000, found 0",
        ),
        (
            "method = \"random\"\ntrials = 1000000000000\n[parameters]\nreg = { values = [1] }\n",
            "s.toml:2: trials must be a whole number from 1 to 10000",
        ),
        (
            "method = \"random\"\ntrials = 3\n[parameters]\nreg = { values = [1, 2] }\n",
            "s.toml:3: trials is 3, and only 2 that differ",
        ),
        (
            "[halving]\nfactor = 1\n",
            "s.toml:2: factor must be a whole number from 2 to 1000, found 1",
        ),
        ("[halving]\nmin_epochs = 0\n", "s.toml:2: min_epochs must be a whole number from 1"),
        (
            "[halving]\neta = 3\n",
            "s.toml:2: `eta` is no key of [halving]; there are min_epochs, factor",
        ),
        (
            "[settings]\nreg = 1\n[parameters]\nreg = { values = [1, 2] }\n",
            "s.toml: reg differs from trial to trial, and [settings] sets it for all",
        ),
    ] {
        let error = read(text).expect_err(text).to_string();
        assert!(error.contains(problem), "{text}\n{error}\n{problem}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_grid_without_end_is_refused_before_it_is_made() {
    let values: Vec<_> = (1..=1000).map(|n| n.to_string()).collect();
    let values = values.join(", ");
    let names = ["seed", "batch_size", "num_epochs", "patience"];
    let rows: String =
        names.iter().map(|name| format!("{name} = {{ values = [{values}] }}\n")).collect();
    let error = read(&format!("\n[parameters]\n{rows}")).unwrap_err().to_string();
    assert!(error.starts_with("s.toml:2: the grid has 1000000000000 points"), "{error}");
}
