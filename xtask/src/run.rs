//! `cargo xtask run`: from a fresh checkout to the open window.
//! Never runs a check: that is `test`.

use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::display::{self, Desktop, Running};
use crate::house::House;
use crate::picture::Window;
use crate::prerequisites::{self, Purpose};
use crate::steps::Steps;
use crate::{program, say};

/// How long the window may take until the try-it conversation is shown. Debug builds on a slow machine are slow.
const WINDOW_LIMIT: Duration = Duration::from_secs(180);

#[derive(clap::Args)]
pub struct Arguments {
    /// Start with a conversation on this computer alone: an embedded relay and a companion that answers
    #[arg(long = "try")]
    try_it: bool,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
    /// Build with all optimisations; takes much longer
    #[arg(long)]
    release: bool,
    /// Passed on to the app, for example --home DIR
    #[arg(last = true)]
    app: Vec<String>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let house = House::find()?;
    let mut steps = Steps::new();
    let shown = display::is_there();
    let purposes: &[Purpose] = if shown { &[Purpose::Build] } else { &[Purpose::Build, Purpose::Headless] };
    let outcome = prerequisites::ensure(&house, purposes, arguments.yes, &mut steps)
        .and_then(|()| steps.step("User interface", || build_ui(&house)))
        .and_then(|()| steps.step("App", || build_app(&house, arguments.release)));
    let outcome = outcome.and_then(|()| if shown { open(&house, arguments, &steps) } else { show_headless(&house, arguments, &mut steps) });
    if !shown || outcome.is_err() {
        say::line(&steps.table());
    }
    outcome
}

/// The pages that the window shows, in `ui/dist`.
pub fn build_ui(house: &House) -> anyhow::Result<()> {
    program::run(program::npm(house, &house.ui())?.args(["run", "build"]))
}

/// Every program of the house, with the selection of packages and features that clippy and the tests use too: another selection
/// would compile the dependencies again.
pub fn build_app(house: &House, release: bool) -> anyhow::Result<()> {
    let mut command = program::cargo();
    command.current_dir(&house.root).args(["build", "--bins"]).args(SELECTION);
    if release {
        command.arg("--release");
    }
    program::run(&mut command)
}

/// What every cargo command here is about. Without `custom-protocol` Tauri would load its pages from a development server.
pub const SELECTION: &[&str] = &["--workspace", "--features", "tauri/custom-protocol"];

fn app(house: &House, arguments: &Arguments) -> Command {
    let mut app = Command::new(house.built("murmel", arguments.release));
    app.current_dir(&house.root).env(program::MIN_STACK.0, program::MIN_STACK.1).args(&arguments.app);
    app
}

fn open(house: &House, arguments: &Arguments, steps: &Steps) -> anyhow::Result<ExitCode> {
    say::line(&steps.table());
    say::line("\nMurmel opens now. Closing its window ends it, and this command.");
    let mut app = app(house, arguments);
    if arguments.try_it {
        app.arg("--try");
    }
    program::run(&mut app)?;
    Ok(ExitCode::SUCCESS)
}

fn show_headless(house: &House, arguments: &Arguments, steps: &mut Steps) -> anyhow::Result<ExitCode> {
    say::line("\nThere is no display here (DISPLAY and WAYLAND_DISPLAY are not set). Murmel starts on a screen of its own, with the");
    say::line("try-it conversation in a temporary home, and ends after a picture of its window was taken.");
    let file = house.target.join("murmel.png");
    steps.step("Window without a display", || {
        let desktop = Desktop::start()?;
        let mut app = app(house, arguments);
        if !arguments.app.iter().any(|word| word == "--home" || word.starts_with("--home=")) {
            app.arg("--home").arg(desktop.home().join("murmel"));
        }
        let app = Running::start_shown(desktop.inside(app.arg("--try")))?;
        let mut window = Window::at_rest(&desktop, app, "Murmel", WINDOW_LIMIT)?;
        // To the first chat, and a line to the companion, which answers.
        window.press(&["alt+Down"])?;
        window.write("Hello from a computer without a display!")?;
        window.save(&file)
    })?;
    Ok(ExitCode::SUCCESS)
}
