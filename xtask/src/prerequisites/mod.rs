//! What a command needs on the computer before it can start.
//! Never installs anything without showing it, and no package of the system without asking, except as root or with `--yes`.

mod node;
mod npm_packages;
mod packages;
mod python;
mod rust_components;
mod system;
mod tool;

use crate::house::House;
use crate::steps::Steps;

pub use npm_packages::install as install_npm_packages;
pub use packages::need;
pub use python::ensure as ensure_python;
pub use rust_components::ensure as ensure_rust_components;
pub use system::System;
pub use tool::{CARGO_DENY, CARGO_FUZZ, TAURI_DRIVER};

/// What the system's packages are needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Building the app.
    Build,
    /// Checking without a window.
    Checks,
    /// Opening the app where there is no display.
    Headless,
    /// The tests in the real window.
    WindowTests,
}

/// The libraries and programs for the given purposes, a recent Node, and the user interface's npm packages.
pub fn ensure(house: &House, purposes: &[Purpose], yes: bool, steps: &mut Steps) -> anyhow::Result<()> {
    ensure_packages(purposes, yes, steps)?;
    steps.step("Node", || node::ensure(house, yes))?;
    steps.step("UI packages", || npm_packages::install(house, &house.ui()))
}

/// The libraries and programs of the system for the given purposes.
pub fn ensure_packages(purposes: &[Purpose], yes: bool, steps: &mut Steps) -> anyhow::Result<()> {
    steps.step("System packages", || packages::ensure(purposes, yes))
}
