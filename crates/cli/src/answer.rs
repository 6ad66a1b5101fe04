//! Owns what a verb prints and how the program ends: plain text or one JSON object, and the exit code.
//! Never prints a secret.

use std::io::Write;
use std::process::ExitCode;

use murmel_client::Error;
use murmel_ipc::ErrorCode;
use serde_json::{Value, json};

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const UNREACHED: u8 = 3;

/// What a verb came to.
pub struct Answer {
    /// The `result` of the JSON object.
    pub value: Value,
    /// The same for a person; may be empty.
    pub text: String,
}

impl Answer {
    /// An answer for programs and for people.
    pub fn new(value: Value, text: impl Into<String>) -> Answer {
        Answer { value, text: text.into() }
    }
}

/// How a verb fails.
#[derive(Debug)]
pub struct Failure {
    code: String,
    message: String,
    exit: u8,
}

impl Failure {
    /// A failure with one of the closed codes.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Failure {
        let exit = if code == ErrorCode::Offline { UNREACHED } else { FAILED };
        Failure { code: name(code), message: message.into(), exit }
    }

    /// The command line does not say enough.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { code: "usage".to_owned(), message: message.into(), exit: USAGE }
    }

    /// A fault of ours.
    pub fn internal(message: &str) -> Failure {
        Failure::new(ErrorCode::Internal, message)
    }

    /// The `error` of the JSON object.
    pub fn value(&self) -> Value {
        json!({ "code": self.code, "message": self.message })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::new(error.code, error.message)
    }
}

fn name(code: ErrorCode) -> String {
    match serde_json::to_value(code) {
        Ok(Value::String(name)) => name,
        _ => "internal".to_owned(),
    }
}

/// Prints what a verb came to. A verb that has printed by itself answers `None`.
pub fn print(outcome: Result<Option<Answer>, Failure>, json: bool) -> ExitCode {
    match outcome {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(answer)) if json => ended(line(&json!({ "ok": true, "result": answer.value })), 0),
        Ok(Some(answer)) if answer.text.is_empty() => ExitCode::SUCCESS,
        Ok(Some(answer)) => ended(writeln!(std::io::stdout(), "{}", answer.text.trim_end()), 0),
        Err(failure) if json => ended(line(&json!({ "ok": false, "error": failure.value() })), failure.exit),
        Err(failure) => ended(writeln!(std::io::stderr(), "{}", failure.message), failure.exit),
    }
}

/// Prints one JSON object on a line of its own.
///
/// # Errors
/// Standard output is closed.
pub fn line(value: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    out.flush()
}

/// Prints what clap has to say: help and version are no failure.
pub fn usage(error: &clap::Error, json: bool) -> ExitCode {
    if !error.use_stderr() || !json {
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
    }
    let message = error.to_string();
    let failure = Failure::usage(message.lines().next().unwrap_or_default().trim_start_matches("error: "));
    print(Err(failure), true)
}

/// A reader that went away is no reason to fail differently.
fn ended(written: std::io::Result<()>, code: u8) -> ExitCode {
    ExitCode::from(if written.is_err() && code == 0 { FAILED } else { code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unreached_network_ends_with_three() {
        assert_eq!(Failure::new(ErrorCode::Offline, "").exit, 3);
        assert_eq!(Failure::new(ErrorCode::RelayRefused, "").exit, 1);
        assert_eq!(Failure::usage("").exit, 2);
    }

    #[test]
    fn codes_are_spelt_as_in_the_window() {
        assert_eq!(Failure::new(ErrorCode::AlreadyRunning, "").value()["code"], "already_running");
    }
}
