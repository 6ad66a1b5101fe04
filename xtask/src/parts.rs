//! The parts of a command that checks something: each is done whatever became of the others, and all are counted.
//! Never decides what a part does.

use std::process::ExitCode;

use crate::say;
use crate::steps::Steps;
use crate::tally::Tally;

/// The parts so far and what they counted.
pub struct Parts {
    steps: Steps,
    tallies: Vec<(String, Tally)>,
    only: Option<String>,
    always: &'static [&'static str],
}

impl Parts {
    /// No part yet. Of all parts those are done whose name contains `only`, and those of `always`.
    pub fn new(only: Option<&str>, always: &'static [&'static str]) -> Self {
        Self { steps: Steps::new(), tallies: Vec::new(), only: only.map(str::to_lowercase), always }
    }

    /// What every part needs. Returns whether it is there; where it is not, that is one failure.
    pub fn set_up(&mut self, work: impl FnOnce(&mut Steps) -> anyhow::Result<()>) -> bool {
        let ready = work(&mut self.steps);
        if let Err(error) = &ready {
            say::error(&format!("{error:#}"));
            self.tallies.push(("Set-up".to_owned(), Tally::of_check(false)));
        }
        ready.is_ok()
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.always.contains(&name) || self.only.as_ref().is_none_or(|only| name.to_lowercase().contains(only))
    }

    /// A part that passes or fails as a whole. Returns whether what needs it may go on.
    pub fn check(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> bool {
        if !self.is_wanted(name) {
            return true;
        }
        let outcome = self.steps.step(name, work);
        if let Err(error) = &outcome {
            say::error(&format!("{error:#}"));
        }
        self.tallies.push((name.to_owned(), Tally::of_check(outcome.is_ok())));
        outcome.is_ok()
    }

    /// A part with tests of its own; one that cannot even start has one failure.
    pub fn count(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<Tally>) {
        if !self.is_wanted(name) {
            return;
        }
        let mut counted = Tally::of_check(false);
        let outcome = self.steps.step(name, || {
            counted = work()?;
            anyhow::ensure!(counted.failed == 0, "{name}: {counted}");
            Ok(())
        });
        if let Err(error) = &outcome {
            say::error(&format!("{error:#}"));
        }
        self.tallies.push((name.to_owned(), counted));
    }

    /// The tables and the last line.
    pub fn close(&self) -> ExitCode {
        say::line(&self.steps.table());
        let mut sum = Tally::default();
        say::line("");
        for (name, tally) in &self.tallies {
            say::line(&format!("{name}: {tally}"));
            sum.add(*tally);
        }
        say::line(&format!("\n{sum}"));
        if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
