//! How the invitations stand that this account has sent, by chat and person.
//! It sends none.

use murmel_ipc as ipc;
use murmel_store::{Answer, ChatId, OutboxId, OutboxState, Tx};
use nostr::PublicKey;

use crate::{Result, outbox};

/// Remembers which event carries somebody's invitation. One for each member that this account added.
pub(crate) fn note(tx: &Tx<'_>, chat: ChatId, who: &PublicKey, carrier: OutboxId) -> Result<()> {
    Ok(tx.put_progress_number(&name(chat, who), carrier.0.unsigned_abs())?)
}

/// The person is no member any more.
pub(crate) fn forget(tx: &Tx<'_>, chat: ChatId, who: &PublicKey) -> Result<()> {
    Ok(tx.remove_progress(&name(chat, who))?)
}

/// Something by the person could be read in the group: they have joined it. Says whether their invitation was still shown.
pub(crate) fn arrived(tx: &Tx<'_>, chat: ChatId, who: &PublicKey) -> Result<bool> {
    let shown = tx.progress_number(&name(chat, who))?.is_some();
    if shown {
        forget(tx, chat, who)?;
    }
    Ok(shown)
}

/// How a member's invitation stands; `None` where this account sent none, the member was heard since, or it is long ago.
pub(crate) fn state(tx: &Tx<'_>, chat: ChatId, who: &PublicKey) -> Result<Option<ipc::InvitationState>> {
    let Some(carrier) = tx.progress_number(&name(chat, who))? else { return Ok(None) };
    let Some(row) = tx.outbox(OutboxId(carrier.try_into().unwrap_or_default()))? else { return Ok(None) };
    let deliveries = tx.deliveries(row.id)?;
    let accepted = deliveries.iter().filter(|delivery| delivery.answer == Answer::Accepted).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Some(match row.state {
        _ if accepted > 0 => ipc::InvitationState::Sent { accepted: count(accepted), relays: count(deliveries.len()) },
        OutboxState::Failed | OutboxState::Cancelled => {
            let (cause, reason) = outbox::why_unsent(&row);
            ipc::InvitationState::Failed { cause, reason }
        }
        OutboxState::Open | OutboxState::Done => ipc::InvitationState::Waiting,
    }))
}

fn name(chat: ChatId, who: &PublicKey) -> String {
    format!("invitation/{chat}/{}", who.to_hex())
}
