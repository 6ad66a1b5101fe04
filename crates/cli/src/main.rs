//! `murmel-cli`: the client without a window, for scripts, bots and tests.
//! It knows no protocol; what a verb means is the client's business.

mod answer;
mod args;
mod verbs;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::answer::Failure;
use crate::args::Args;

/// Cryptography in a debug build needs deep stacks.
const STACK: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return answer::usage(&error, json),
    };
    let filter = EnvFilter::try_from_env("MURMEL_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    let never = murmel_client::NEVER_LOGGED.iter().filter_map(|directive| directive.parse().ok());
    let filter = never.fold(filter, EnvFilter::add_directive);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(async {
                let task = tokio::spawn(verbs::run(args));
                task.await.unwrap_or_else(|_| Err(Failure::internal("The command ended unexpectedly.")))
            });
            // The profile is closed. A name that is still being looked up must not hold up the end.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Failure::internal(&format!("The program could not start: {error}"))),
    };
    answer::print(outcome, json)
}
