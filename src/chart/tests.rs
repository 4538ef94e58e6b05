//! The chart as a whole: size, pixels, and that no report breaks it.

use super::{samples::*, *};

/// Writes the picture where a person can look at it, when `ARENA_ARTEFACTS` is set.
fn keep(name: &str, report: &Report) {
    let chart = png(report).expect("a chart");
    if option_env!("ARENA_ARTEFACTS").is_some() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/charts");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.png")), chart.png).expect("written");
        std::fs::write(folder.join(format!("{name}.txt")), chart.alt).expect("written");
    }
}

#[test]
fn first_look() {
    keep("five", &line_up());
}
