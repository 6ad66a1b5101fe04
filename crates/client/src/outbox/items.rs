//! The outbox as a person sees it: what no relay has accepted yet, and why.
//! It sends nothing: the outbox does.

use std::sync::Arc;

use murmel_ipc::{OutboxItem, OutboxKind};
use murmel_store::{OutboxId, OutboxRecord, OutboxState, Purpose, Tx};

use super::delivery_views;
use crate::account::Account;
use crate::changes;
use crate::profile::Profile;
use crate::{Error, Result, views};

/// Most that are listed at once; the oldest come first.
pub(crate) const ITEMS_CAP: u32 = 500;

/// Everything that no relay has accepted yet.
pub(crate) async fn items(account: &Arc<Account>) -> Result<Vec<OutboxItem>> {
    let me = account.pubkey();
    account.db.read(move |tx, _| tx.outbox_unsettled(ITEMS_CAP)?.into_iter().map(|row| item(tx, me, row)).collect()).await
}

fn item(tx: &Tx<'_>, me: nostr::PublicKey, row: OutboxRecord) -> Result<OutboxItem> {
    let names = views::Names::new(tx, me);
    let chat = row.chat.map(|chat| tx.chat(chat)).transpose()?.flatten();
    let shown = row.message.map(|id| tx.message(id)).transpose()?.flatten().filter(|row| views::is_shown(row.kind));
    Ok(OutboxItem {
        id: row.id.0,
        kind: match row.purpose {
            Purpose::Message => OutboxKind::Message,
            Purpose::Commit | Purpose::Proposal => OutboxKind::Change,
            Purpose::Welcome => OutboxKind::Invitation,
            Purpose::RelayList | Purpose::InboxList => OutboxKind::RelayList,
            Purpose::KeyPackage => OutboxKind::KeyPackage,
            _ => OutboxKind::Other,
        },
        chat_name: chat.as_ref().map(|chat| views::chat_name(tx, &names, chat)).transpose()?.unwrap_or_default(),
        chat: chat.map(|chat| chat.group.to_string()),
        message: shown.map(|message| message.id.0),
        created_at: row.created_at,
        failed: row.state == OutboxState::Failed,
        refusal: row.refusal,
        relays: delivery_views(tx.deliveries(row.id)?),
    })
}

/// Tries one again at once: the same bytes, on every relay that has not accepted it.
pub(crate) async fn retry_item(account: &Arc<Account>, id: i64) -> Result<()> {
    let (id, now) = (OutboxId(id), account.clock.now());
    let row = account.db.read(move |tx, _| Ok::<_, Error>(tx.outbox(id)?)).await?.ok_or_else(|| Error::not_found("This"))?;
    match (row.state, row.message) {
        (OutboxState::Done | OutboxState::Cancelled, _) => Err(Error::not_found("This")),
        (_, Some(message)) => super::retry(account, message.0).await,
        // A change that every relay refused was taken back when that was found; it is made anew, not sent again.
        (OutboxState::Failed, None) if row.purpose == Purpose::Commit => Err(Error::new(
            murmel_ipc::ErrorCode::InvalidInput,
            "This change was taken back when every relay had refused it. Make it again.",
        )),
        _ => {
            changes::write(account, move |tx, _, changes| {
                tx.retry(id, now)?;
                changes.enqueued();
                Ok(())
            })
            .await
        }
    }
}

/// How many events of all open accounts no relay has accepted yet.
pub(crate) async fn unsent(profile: &Profile) -> Result<u64> {
    let mut unsent = 0_u64;
    for (_, account) in profile.open_accounts() {
        unsent = unsent.saturating_add(account.db.read(|tx, _| Ok::<_, Error>(tx.open_count()?)).await?);
    }
    Ok(unsent)
}
