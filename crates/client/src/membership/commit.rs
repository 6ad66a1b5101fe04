//! The one staged commit of a group: staged with its outbox row, merged when a relay has accepted it, dropped when all refuse.
//! It never merges twice, and never forgets a commit that somebody may have seen.

use std::collections::BTreeSet;
use std::sync::Arc;

use murmel_ipc::ErrorCode;
use murmel_store::{ChatId, Lane, OutboxId, OutboxState, Purpose, Tx};

use crate::account::Account;
use crate::intent::{self, Intent, Staged};
use crate::notices::Backlog;
use crate::receive::{Taking, applied, retry_deferred};
use crate::send::{enqueue, sendable};
use crate::{Error, Result, changes, views, wrap};

/// How often a change is made again after losing its place to somebody else's.
const AGAIN_CAP: u32 = 8;

/// What became of a staged commit.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A relay accepted it; it is merged.
    Merged,
    /// Every relay refused it; nothing has changed.
    Refused(String),
    /// Somebody else's commit took its place.
    Superseded(Intent),
}

/// Makes a change: returns when a relay has accepted it and it is merged.
///
/// # Errors
/// The engine's refusals; `RelayRefused`, and nothing has changed; `Offline` where no relay answered in time: then the change is
/// kept and goes out when one does; `Busy` where another change of the group is on its way.
pub(crate) async fn change(account: &Arc<Account>, chat: ChatId, mut intent: Intent) -> Result<()> {
    let patience = account.sync.housekeeping.change_patience;
    let turn = account.sync.turn(chat);
    let _turn = tokio::time::timeout(patience, turn.lock()).await.map_err(|_| busy())?;
    for _ in 0..AGAIN_CAP {
        let outcome = account.sync.wait_for(chat);
        if let Err(error) = stage(account, chat, intent).await {
            account.sync.stop_waiting(chat);
            return Err(error);
        }
        match tokio::time::timeout(patience, outcome).await {
            Ok(Ok(Outcome::Merged)) => return Ok(()),
            Ok(Ok(Outcome::Refused(reason))) => {
                let words = format!("No relay of this group takes the change ({reason}). Nothing was changed; try again later.");
                return Err(Error::passing(ErrorCode::RelayRefused, words));
            }
            Ok(Ok(Outcome::Superseded(again))) => intent = again,
            Ok(Err(_)) => return Err(Error::no_account()),
            Err(_) => {
                account.sync.stop_waiting(chat);
                let words = "No relay has taken the change yet. It is kept and goes out as soon as one can be reached.";
                return Err(Error::passing(ErrorCode::Offline, words));
            }
        }
    }
    Err(busy())
}

/// Makes a change again that lost its place while nobody waited for it.
pub(crate) async fn again(account: &Arc<Account>, chat: ChatId, intent: Intent) -> Result<()> {
    let housekeeping = intent.is_housekeeping();
    match change(account, chat, intent).await {
        // Whoever was faster did what was wanted.
        Err(error) if housekeeping && error.code == ErrorCode::InvalidInput => Ok(()),
        other => other,
    }
}

fn busy() -> Error {
    Error::passing(ErrorCode::Busy, "Another change of this group is still on its way. Try again in a moment.")
}

/// The staged commit, the row that publishes it and what it is for, in one transaction.
async fn stage(account: &Arc<Account>, chat: ChatId, intent: Intent) -> Result<()> {
    let now = account.clock.now();
    changes::write(account, move |tx, groups, changes| {
        let chat = views::found(tx, chat)?;
        sendable(&chat)?;
        let change = intent.change(now)?;
        let (group, device) = groups.get(tx, &chat.group)?.ok_or_else(|| Error::internal("a chat without its group"))?;
        let staged = group.stage(tx, device, change, now)?;
        let outbox = enqueue(tx, Purpose::Commit, Some(chat.id), None, &staged.event, Lane::Group, &group.view().relays, now)?;
        keep(tx, chat.id, &Staged { outbox: outbox.0, digest: staged.digest, intent })?;
        changes.enqueued();
        Ok(())
    })
    .await
}

/// The outbox calls this once when the first relay has accepted an event with purpose commit.
pub(crate) async fn accepted(account: &Arc<Account>, outbox: i64) {
    let (keys, now) = (account.keys.clone(), account.clock.now());
    let merged = changes::write(account, move |tx, groups, changes| {
        let Some(chat) = chat_of(tx, outbox)? else { return Ok(None) };
        merge(&mut Taking::new(tx, groups, changes, &keys, now), chat)?;
        Ok(Some(chat))
    });
    let done = match merged.await {
        Ok(Some(chat)) => retry_deferred(account, BTreeSet::from([chat]), Backlog::Live).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = done {
        // It is found again when open work is looked up.
        tracing::error!(code = ?error.code, "an accepted change could not be merged");
    }
}

/// The outbox calls this when every relay has refused an event with purpose commit for good.
pub(crate) async fn refused(account: &Arc<Account>, outbox: i64, reason: String) {
    let dropped = changes::write(account, move |tx, groups, changes| {
        let Some(chat) = chat_of(tx, outbox)? else { return Ok(()) };
        let record = views::found(tx, chat)?;
        if let Some((group, _)) = groups.get(tx, &record.group)? {
            group.discard(tx)?;
        }
        forget(tx, chat)?;
        changes.outcome(chat, Outcome::Refused(reason));
        Ok(())
    });
    if let Err(error) = dropped.await {
        tracing::error!(code = ?error.code, "a refused change could not be dropped");
    }
}

/// The chat whose staged commit an outbox row carries; `None` where that commit is settled already.
fn chat_of(tx: &Tx<'_>, outbox: i64) -> Result<Option<ChatId>> {
    let Some(chat) = tx.outbox(OutboxId(outbox))?.and_then(|row| row.chat) else { return Ok(None) };
    Ok(staged(tx, chat)?.filter(|staged| staged.outbox == outbox).map(|_| chat))
}

/// Merges the staged commit and sends the welcomes that belong to it; nothing where none is staged.
pub(crate) fn merge(taking: &mut Taking<'_, '_>, chat: ChatId) -> Result<()> {
    let record = views::found(taking.tx, chat)?;
    let kept = staged(taking.tx, chat)?;
    let Some((group, _)) = taking.groups.get(taking.tx, &record.group)? else { return Ok(()) };
    let Some(confirmed) = group.confirm(taking.tx, taking.now)? else { return Ok(()) };
    applied(taking, &record, &confirmed.applied, taking.now)?;
    if let Some(Intent::Invite(people)) = kept.map(|kept| kept.intent) {
        for invitation in confirmed.invitations {
            if let Some(inbox) = intent::inbox(&people, &invitation) {
                // The commit is out; one welcome that does not fit must not undo it.
                if let Err(error) = welcome(taking, chat, &invitation, inbox) {
                    tracing::error!(code = ?error.code, "a welcome was not sent");
                }
            }
        }
    }
    forget(taking.tx, chat)?;
    taking.changes.outcome(chat, Outcome::Merged);
    Ok(())
}

/// Puts a welcome on its way, gift-wrapped, to where the person receives invitations.
pub(crate) fn welcome(taking: &mut Taking<'_, '_>, chat: ChatId, invitation: &murmel_engine::Invitation, inbox: &[String]) -> Result<()> {
    let rumor = invitation.rumor(taking.keys.public_key(), taking.now);
    let event = wrap::seal(taking.keys, &invitation.to, rumor)
        .map_err(|_| Error::new(ErrorCode::TooLarge, "The group is too large for an invitation over this network."))?;
    // Not over the account's own connections: relays need not learn who invites whom.
    enqueue(taking.tx, Purpose::Welcome, Some(chat), None, &event, Lane::Group, inbox, taking.now)?;
    taking.changes.enqueued();
    Ok(())
}

/// Somebody else's commit took the place of ours: ours is dropped by the engine, what it was for is wanted still.
pub(crate) fn superseded(taking: &mut Taking<'_, '_>, chat: ChatId) -> Result<()> {
    let Some(kept) = staged(taking.tx, chat)? else { return Ok(()) };
    taking.tx.set_outbox_state(OutboxId(kept.outbox), OutboxState::Cancelled, "somebody else's change came first")?;
    forget(taking.tx, chat)?;
    taking.changes.outcome(chat, Outcome::Superseded(kept.intent));
    Ok(())
}

/// Settles what a crash left between an answer of a relay and its consequence.
pub(crate) async fn resume(account: &Arc<Account>) -> Result<()> {
    let settled = account.db.read(|tx, _| {
        let mut settled = Vec::new();
        for chat in tx.chats()? {
            let Some(kept) = staged(tx, chat.id)? else { continue };
            if let Some(row) = tx.outbox(OutboxId(kept.outbox))?
                && matches!(row.state, OutboxState::Done | OutboxState::Failed)
            {
                settled.push((kept.outbox, row.state, row.reason));
            }
        }
        Ok::<_, Error>(settled)
    });
    for (outbox, state, reason) in settled.await? {
        match state {
            OutboxState::Done => accepted(account, outbox).await,
            _ => refused(account, outbox, reason).await,
        }
    }
    Ok(())
}

fn name(chat: ChatId) -> String {
    format!("staged/{chat}")
}

fn staged(tx: &Tx<'_>, chat: ChatId) -> Result<Option<Staged>> {
    let Some(text) = tx.progress_text(&name(chat))? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|_| Error::internal("a staged change that cannot be read"))
}

fn keep(tx: &Tx<'_>, chat: ChatId, staged: &Staged) -> Result<()> {
    let text = serde_json::to_string(staged).map_err(|_| Error::internal("a staged change that cannot be written"))?;
    Ok(tx.put_progress_text(&name(chat), &text)?)
}

fn forget(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    Ok(tx.remove_progress(&name(chat))?)
}
