//! The steps of one command: their names and how long each took.
//! Never decides what comes next.

use std::time::{Duration, Instant};

use crate::say;

struct Step {
    name: String,
    took: Duration,
    ended: &'static str,
}

/// The steps so far, in order.
pub struct Steps {
    started: Instant,
    done: Vec<Step>,
}

impl Steps {
    /// No step yet; the total counts from here.
    pub fn new() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    /// Says the step's name, does it, says how long it took.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        say::line(&format!("\n== {name}"));
        let before = Instant::now();
        let outcome = work();
        let took = before.elapsed();
        let ended = if outcome.is_ok() { "ok" } else { "failed" };
        say::line(&format!("== {name}: {ended} after {}", spoken(took)));
        self.record(name, took, ended);
        outcome
    }

    fn record(&mut self, name: &str, took: Duration, ended: &'static str) {
        self.done.push(Step { name: name.to_owned(), took, ended });
    }

    /// The table of all steps.
    pub fn table(&self) -> String {
        let width = self.done.iter().map(|step| step.name.chars().count()).max().unwrap_or(0).max(5);
        let mut text = String::from("\n");
        for step in &self.done {
            let pad = width - step.name.chars().count();
            text.push_str(&format!("{}{}  {:>9}  {}\n", step.name, " ".repeat(pad), spoken(step.took), step.ended));
        }
        text.push_str(&format!("total{}  {:>9}", " ".repeat(width - 5), spoken(self.started.elapsed())));
        text
    }
}

/// `4.2 s` below a minute, `3 min 05 s` from there on.
fn spoken(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 { format!("{:.1} s", took.as_secs_f64()) } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken_in_seconds_then_minutes() {
        assert_eq!(spoken(Duration::from_millis(4_240)), "4.2 s");
        assert_eq!(spoken(Duration::from_secs(185)), "3 min 05 s");
    }

    #[test]
    fn the_table_names_each_step_and_how_it_ended() {
        let mut steps = Steps::new();
        steps.record("good", Duration::from_secs(1), "ok");
        steps.record("worse", Duration::from_secs(2), "failed");
        let table = steps.table();
        let lines: Vec<&str> = table.trim().lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("good") && lines[0].ends_with("ok"), "{table}");
        assert!(lines[1].starts_with("worse") && lines[1].ends_with("failed"), "{table}");
        assert!(lines[2].starts_with("total"), "{table}");
    }
}
