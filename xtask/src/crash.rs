//! `cargo xtask crash`: ends the program at every named place and at random times, and looks at what is left.
//! Never a second way of doing so: it runs the test of the same name with more rounds.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::house::House;
use crate::{program, say};

/// Read by the test.
const ROUNDS: &str = "MURMEL_CRASH_ROUNDS";
/// What the test puts before a line of its report.
const MARK: &str = "CRASH ";

#[derive(clap::Args)]
pub struct Arguments {
    /// How often the program is killed at a random time
    #[arg(long, default_value_t = 1000)]
    rounds: u64,
    /// Print the results as one JSON object in the last line
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let house = House::find()?;
    let mut command = program::cargo();
    command.current_dir(&house.root).env(ROUNDS, arguments.rounds.to_string());
    command.args(["test", "--package", "murmel-client", "--test", "crash", "--", "--nocapture", "a_message_survives", "the_child"]);
    let mut sum = Map::new();
    let passed = program::run_seeing(&mut command, |line| {
        if let Some(Ok(Value::Object(part))) = line.strip_prefix(MARK).map(serde_json::from_str) {
            add(&mut sum, part);
        }
    })?;
    sum.insert("passed".to_owned(), json!(passed));
    if arguments.json {
        say::line(&Value::Object(sum).to_string());
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Adds one part of the report: numbers are summed, of times the longest counts, lists are joined.
fn add(sum: &mut Map<String, Value>, part: Map<String, Value>) {
    for (name, value) in part {
        let both = match (sum.remove(&name), value) {
            (Some(Value::Array(mut all)), Value::Array(more)) => {
                all.extend(more);
                Value::Array(all)
            }
            (Some(Value::Number(a)), Value::Number(b)) => {
                let (a, b) = (a.as_u64().unwrap_or(0), b.as_u64().unwrap_or(0));
                json!(if name.ends_with("_ms") { a.max(b) } else { a + b })
            }
            (_, value) => value,
        };
        sum.insert(name, both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_summed_and_of_times_the_longest_counts() {
        let mut sum = Map::new();
        for part in [json!({"lost": 1, "slow_ms": 9, "never": ["a"]}), json!({"lost": 2, "slow_ms": 4, "never": ["b"]})] {
            let Value::Object(part) = part else { panic!("an object") };
            add(&mut sum, part);
        }
        assert_eq!(Value::Object(sum), json!({"lost": 3, "slow_ms": 9, "never": ["a", "b"]}));
    }
}
