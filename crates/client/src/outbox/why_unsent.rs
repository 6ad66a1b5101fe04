//! Why something was not sent, for a person.
//! It decides nothing: the outbox does.

use murmel_ipc::Unsent;
use murmel_store::{Cancellation, OutboxRecord};

/// Why a row that failed or was cancelled is not sent, as a value and in a sentence.
pub(crate) fn why_unsent(row: &OutboxRecord) -> (Unsent, String) {
    let (cause, words) = match row.cancelled {
        None => return (Unsent::Refused, refused(row)),
        Some(Cancellation::ByUser) => (Unsent::ByUser, "You cancelled it."),
        Some(Cancellation::Overtaken) => (Unsent::Overtaken, "Somebody else's change came first."),
        Some(Cancellation::OtherBranch) => (Unsent::OtherBranch, "The group went another way, and this could not be sent again."),
        Some(Cancellation::LeftOut) => (Unsent::LeftOut, "The group went on without you, and without this."),
        Some(Cancellation::Ended) => (Unsent::Ended, "The group was ended before any relay had this."),
        Some(Cancellation::Replaced) => (Unsent::Replaced, "A newer version took its place."),
        Some(Cancellation::Rejoined) => (Unsent::Rejoined, "You joined the group anew."),
        Some(Cancellation::SealedAnew) => (Unsent::Replaced, "The group moved on; the message was encrypted again."),
    };
    (cause, words.to_owned())
}

/// Every relay refused a row; the words of the last one, if it had any.
pub(crate) fn refused(row: &OutboxRecord) -> String {
    if row.refusal.is_empty() { "Every relay refused it.".to_owned() } else { format!("Every relay refused it: {}", row.refusal) }
}
