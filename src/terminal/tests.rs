//! The frames and results of a race at three widths and in a pipe.

use super::render::{self, Screen};
use crate::view::{
    View,
    tests::{blind_views, finished, running},
};

fn screen(columns: usize) -> Screen {
    Screen { columns, rows: 40, color: false }
}

fn shown(name: &str, lines: &[String]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(format!("terminal_{name}"), lines.join("\n")));
}

fn simulated(mut view: View) -> View {
    view.simulated = true;
    view.lanes.iter_mut().for_each(|lane| lane.simulated = true);
    view
}

#[test]
fn a_live_race_at_three_widths() {
    for columns in [40, 80, 120] {
        shown(&format!("live_{columns}"), &render::live(&simulated(running().tick(2_100)), screen(columns)));
    }
}

#[test]
fn a_result_at_three_widths() {
    for columns in [40, 80, 120] {
        shown(&format!("final_{columns}"), &render::last(&simulated(finished().view()), screen(columns)));
    }
}

#[test]
fn a_result_in_a_pipe() {
    let race = finished();
    let answers: Vec<&str> = race.0.lanes.iter().map(|lane| lane.answer.as_str()).collect();
    shown("pipe", &render::piped(&simulated(race.view()), &answers));
}

#[test]
fn colors_and_styles_are_left_out_where_they_are_not_wanted() {
    let mut view = finished().view();
    view.lanes.iter_mut().for_each(|lane| lane.answer = "# Why\n\n**Air** _scatters_ `blue`.".into());
    for color in [true, false] {
        let screen = Screen { color, ..screen(80) };
        let running = running().tick(2_100);
        for lines in
            [render::live(&running, screen), render::last(&view, screen), render::summary(&view, screen)]
        {
            assert_eq!(lines.join("").contains('\x1b'), color, "{lines:#?}");
        }
    }
}

#[test]
fn simulated_is_said_once() {
    for columns in [40, 80, 120] {
        let views = [(running().tick(2_100), false), (finished().view(), true)];
        for (view, is_final) in views {
            let view = simulated(view);
            let frame = if is_final { render::last } else { render::live };
            let text = frame(&view, screen(columns)).join("\n");
            assert_eq!(text.matches("simulated").count(), 1, "{text}");
        }
    }
}

#[test]
fn a_blind_race_at_three_widths() {
    let [writing, open, closed] = blind_views();
    let answers: Vec<&str> = open.lanes.iter().map(|lane| lane.answer.as_str()).collect();
    for columns in [40, 80, 120] {
        let screen = screen(columns);
        shown(&format!("blind_writing_{columns}"), &render::live(&writing, screen));
        shown(&format!("blind_open_{columns}"), &render::answers(&open, &answers, screen));
        shown(&format!("blind_closed_{columns}"), &render::summary(&closed, screen));
    }
}
