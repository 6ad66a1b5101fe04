//! The parts of Rust that only the checks need; rustup's minimal profile comes without them.
//! Never changes which Rust is used.

use std::process::Command;

use anyhow::ensure;

use crate::{program, say};

/// A component, as rustup calls it, and the word by which cargo calls its program.
struct Component {
    name: &'static str,
    verb: &'static str,
}

const WANTED: &[Component] = &[Component { name: "rustfmt", verb: "fmt" }, Component { name: "clippy", verb: "clippy" }];

/// Adds those of rustfmt and clippy that are missing to the Rust that runs this.
pub fn ensure() -> anyhow::Result<()> {
    let missing = missing(answers);
    if missing.is_empty() {
        say::line("rustfmt and clippy are here");
        return Ok(());
    }
    let names = missing.join(" and ");
    ensure!(program::exists("rustup"), "{names} cannot be found, and there is no rustup to add them. Install them as you installed Rust.");
    say::line(&format!("missing: {names}"));
    program::run(Command::new("rustup").args(["component", "add"]).args(&missing))
}

fn missing(answers: impl Fn(&str) -> bool) -> Vec<&'static str> {
    WANTED.iter().filter(|component| !answers(component.verb)).map(|component| component.name).collect()
}

/// rustup leaves a stand-in for programs that it has not installed; only a real one tells its version.
fn answers(verb: &str) -> bool {
    program::answer(program::cargo().args([verb, "--version"])).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_answer_is_added() {
        assert_eq!(missing(|_| false), ["rustfmt", "clippy"]);
        assert_eq!(missing(|verb| verb == "fmt"), ["clippy"]);
        assert!(missing(|_| true).is_empty());
    }
}
