//! Owns what each verb does, one file for each noun.
//! Never prints, except for the verbs that run until they are stopped.

mod accounts;
mod annotations;
mod group;
mod group_state;
mod identity;
mod listen;
mod messages;
mod network;
mod notifications;
mod people;
mod profile;
mod relays;
mod requests;
mod search;
mod stop;

use murmel_client::Housekeeping;

use crate::answer::{Answer, Failure};
use crate::args::{Args, Relay, Verb};
use profile::Open;

/// What a verb comes to; `None` where it has printed by itself.
pub type Outcome = Result<Option<Answer>, Failure>;

/// Does what the command line says.
///
/// # Errors
/// Whatever keeps the verb from being done.
pub async fn run(args: Args) -> Outcome {
    let Args { common, verb } = args;
    match verb {
        Verb::Relay(Relay::Serve { address }) => relays::serve(address, common.json).await,
        Verb::Identity(verb) => identity::run(&common, verb).await,
        verb => {
            let housekeeping = if matches!(verb, Verb::Sync) { relays::at_once() } else { Housekeeping::default() };
            let open = Open::ready(&common, housekeeping).await?;
            let outcome = with_account(&open, verb).await;
            open.client.close().await;
            outcome
        }
    }
}

async fn with_account(open: &Open, verb: Verb) -> Outcome {
    match verb {
        Verb::Relays { verb } => relays::run(open, verb).await,
        Verb::Group(verb) => group::run(open, verb).await,
        Verb::Requests(verb) => requests::run(open, verb).await,
        Verb::Send { group, text, reply } => messages::send(open, &group, text, reply).await,
        Verb::Reply { group, message, text } => messages::send(open, &group, text, Some(message)).await,
        Verb::React { group, message, emoji, remove } => annotations::react(open, &group, &message, &emoji, remove).await,
        Verb::Edit { group, message, text } => annotations::edit(open, &group, &message, text).await,
        Verb::Delete { group, message } => annotations::delete(open, &group, &message).await,
        Verb::Cancel { group, message } => annotations::cancel(open, &group, &message).await,
        Verb::Message { group, message } => annotations::show(open, &group, &message).await,
        Verb::Person(verb) => people::run(open, verb).await,
        Verb::Profile { verb } => people::profile(open, verb).await,
        Verb::Search { text, group, person, limit } => search::messages(open, text, group.as_deref(), person, limit).await,
        Verb::Check { rebuild_search } => search::check(open, rebuild_search).await,
        Verb::Messages { group, limit, around: None } => messages::list(open, &group, limit).await,
        Verb::Messages { group, limit, around: Some(message) } => messages::around(open, &group, &message, limit).await,
        Verb::Listen { stdin } => listen::run(open, stdin).await,
        Verb::Reach { verb } => network::reach(open, verb).await,
        Verb::Outbox { verb } => network::outbox(open, verb).await,
        Verb::Proxy { verb } => network::proxy(open, verb).await,
        Verb::Notifications(verb) => notifications::run(open, verb).await,
        Verb::Progress => network::progress(open).await,
        Verb::Sync => relays::sync(open).await,
        Verb::Identity(_) | Verb::Relay(_) => Err(Failure::internal("This verb needs no account.")),
    }
}
