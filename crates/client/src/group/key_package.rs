//! The account's key package (kind 30443): published to an own slot, read back, renewed in time and after each use.
//! It touches no slot of another client, and drops no private key before its replacement is known to be there.

use std::sync::Arc;
use std::time::Duration;

use murmel_engine::{OwnKeyPackage, Slot};
use murmel_ipc::ErrorCode;
use murmel_store::{OutboxId, OutboxState, Purpose, Tx};
use nostr::Timestamp;
use nostr::secp256k1::rand::{Rng as _, thread_rng};

use crate::account::Account;
use crate::group::groups::Groups;
use crate::network::lists::{confirm, row, unsigned};
use crate::network::relays;
use crate::{Error, Result};

const DAY: u64 = 24 * 60 * 60;
/// A package is replaced this many days before its end, at random between the two, as other clients do.
const RENEW_DAYS: std::ops::RangeInclusive<u64> = 14..=21;
/// Private keys of a replaced package are kept this long, in seconds: somebody may have read it just before.
const GRACE: u64 = 14 * DAY;
/// How long until the calendar is looked at again, whatever it says: clocks jump and computers sleep.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// Unix seconds at which the next package is due.
const RENEW_AT: &str = "key_package.renew_at";
/// Whether a fresh one is wanted sooner.
const WANTED: &str = "key_package.wanted";
/// The outbox row of the newest one.
const OUTBOX: &str = "key_package.outbox";

/// Notes that a fresh package is wanted. Wake the set-up after the transaction.
pub(crate) fn want(tx: &Tx<'_>) -> Result<()> {
    Ok(tx.put_progress_number(WANTED, 1)?)
}

/// Whether a fresh package is wanted or the calendar says so.
pub(crate) async fn is_due(account: &Arc<Account>) -> Result<bool> {
    let now = account.clock.now();
    account
        .db
        .read(move |tx, _| {
            let wanted = tx.progress_number(WANTED)? == Some(1);
            Ok(wanted || tx.progress_number(RENEW_AT)?.is_none_or(|at| at <= now))
        })
        .await
}

/// How long nothing is due.
pub(crate) async fn pause(account: &Arc<Account>) -> Result<Duration> {
    let now = account.clock.now();
    let wanted_and_at = account.db.read(|tx, _| Ok::<_, Error>((tx.progress_number(WANTED)?, tx.progress_number(RENEW_AT)?)));
    Ok(match wanted_and_at.await? {
        // Used again while the last one was on its way.
        (Some(1), _) => account.pace.setup_first,
        (_, Some(at)) => Duration::from_secs(at.saturating_sub(now)).min(LONGEST_PAUSE),
        (_, None) => LONGEST_PAUSE,
    })
}

/// Publishes a fresh package, or goes on with the one that is on its way.
pub(crate) async fn publish(account: &Arc<Account>) -> Result<()> {
    let (keys, now) = (account.keys.clone(), account.clock.now());
    let id = account.db.write(move |tx, groups| on_its_way(tx, now)?.map_or_else(|| enqueue(tx, groups, &keys, now), Ok)).await?;
    account.outbox.notify_one();
    confirm(account, id).await?;
    let now = account.clock.now();
    account.db.write(move |tx, _| confirmed(tx, id, now)).await
}

/// The newest package, while nobody has confirmed it: the same one is published until it is there, also on relays that were chosen since.
fn on_its_way(tx: &Tx<'_>, now: u64) -> Result<Option<OutboxId>> {
    let Some(newest) = tx.newest_key_package()?.filter(|newest| !newest.published) else { return Ok(None) };
    let Some(id) = tx.progress_number(OUTBOX)?.map(|id| OutboxId(id.try_into().unwrap_or_default())) else { return Ok(None) };
    let row = tx.outbox(id)?.filter(|row| row.state != OutboxState::Cancelled && Some(row.event_id) == newest.event_id);
    let Some(row) = row else { return Ok(None) };
    tx.enqueue(&row, &relays::load(tx)?.outbox)?;
    if row.state == OutboxState::Failed {
        tx.retry(row.id, now)?;
    }
    Ok(Some(row.id))
}

fn enqueue(tx: &Tx<'_>, groups: &Groups, keys: &nostr::Keys, now: u64) -> Result<OutboxId> {
    let relays = relays::load(tx)?.outbox;
    if relays.is_empty() {
        return Err(Error::new(ErrorCode::InvalidInput, "There is no relay to publish to. Name one in the settings."));
    }
    let slot = tx.account()?.map(|account| Slot::new(account.slot)).ok_or_else(Error::no_account)?;
    let latest = tx.own_key_packages()?.first().map_or(0, |package| package.created_at);
    // A relay keeps the newer one of a slot, so a replacement has to be later by at least a second.
    let created_at = now.max(latest + 1);
    let package = OwnKeyPackage::create(tx, groups.device()?, now)?;
    let event = package.event(&slot).custom_created_at(Timestamp::from_secs(created_at)).sign_with_keys(keys).map_err(|_| unsigned())?;
    tx.set_key_package_event(&package.reference, &event.id, created_at)?;
    let id = tx.enqueue(&row(&event, Purpose::KeyPackage, now), &relays)?;
    tx.put_progress_number(OUTBOX, id.0.unsigned_abs())?;
    // From here on a use counts for the new one.
    tx.put_progress_number(WANTED, 0)?;
    Ok(id)
}

fn confirmed(tx: &Tx<'_>, id: OutboxId, now: u64) -> Result<()> {
    let event_id = tx.outbox(id)?.map(|row| row.event_id);
    let Some(package) = tx.own_key_packages()?.into_iter().find(|package| package.event_id.is_some() && package.event_id == event_id)
    else {
        return Ok(());
    };
    let reference = package.record.reference;
    tx.mark_key_package_published(&reference)?;
    tx.replace_key_packages_with(&reference, now)?;
    tx.delete_expired_key_packages(now, now.saturating_sub(GRACE))?;
    let before = thread_rng().gen_range((RENEW_DAYS.start() * DAY)..=(RENEW_DAYS.end() * DAY));
    tx.put_progress_number(RENEW_AT, package.record.not_after.saturating_sub(before))?;
    Ok(())
}

#[cfg(test)]
mod tests;
