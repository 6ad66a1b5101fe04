//! What the person here decided about others: nicknames, whom they know, whom they block, and who may invite them.
//! None of it leaves this computer, and the people concerned learn nothing of it.

use std::sync::Arc;

use murmel_ipc::{self as ipc, ErrorCode, WhoMayAdd};
use murmel_store::{ContactRecord, RequestState, Tx};
use nostr::PublicKey;

use crate::account::Account;
use crate::changes::{self, Changes};
use crate::group::requests;
use crate::notices::one_line;
use crate::people::names::NAME_CAP;
use crate::profile::settings;
use crate::{Error, Result, people, views};

/// Gives somebody a name on this computer; an empty one takes it away.
pub(crate) async fn set_nickname(account: &Arc<Account>, person: &str, nickname: &str) -> Result<ipc::PersonView> {
    let nickname = one_line(nickname, NAME_CAP);
    decide(account, person, move |_, _, contact| {
        contact.nickname = nickname;
        Ok(())
    })
    .await
}

/// Hides what somebody writes, and lets their invitations vanish: those that wait now, and those to come.
pub(crate) async fn block(account: &Arc<Account>, person: &str) -> Result<ipc::PersonView> {
    let now = account.clock.now();
    decide(account, person, move |tx, changes, contact| {
        contact.blocked_at = contact.blocked_at.or(Some(now));
        for request in tx.open_requests_of(&contact.public_key)? {
            requests::close(tx, changes, request, RequestState::Declined)?;
        }
        Ok(())
    })
    .await
}

/// Takes a block away. What was hidden is shown again; invitations that vanished do not come back.
pub(crate) async fn unblock(account: &Arc<Account>, person: &str) -> Result<ipc::PersonView> {
    decide(account, person, |_, _, contact| {
        contact.blocked_at = None;
        Ok(())
    })
    .await
}

/// Who is blocked, the last one first.
pub(crate) async fn blocked(account: &Arc<Account>) -> Result<Vec<ipc::PersonView>> {
    let me = account.pubkey();
    account.db.read(move |tx, _| tx.blocked()?.iter().map(|contact| views::person(tx, me, &contact.public_key)).collect()).await
}

/// Whether an invitation of somebody may be shown.
pub(crate) fn may_add(tx: &Tx<'_>, inviter: &PublicKey) -> Result<bool> {
    Ok(match settings::read(tx)?.who_may_add_me {
        WhoMayAdd::Anyone => true,
        WhoMayAdd::Contacts => is_contact(tx, inviter)?,
        WhoMayAdd::Nobody => false,
    })
}

/// Whether the person here knows somebody.
pub(crate) fn is_contact(tx: &Tx<'_>, who: &PublicKey) -> Result<bool> {
    Ok(tx.contact(who)?.is_some_and(|contact| contact.is_known()))
}

async fn decide(
    account: &Arc<Account>,
    person: &str,
    change: impl FnOnce(&Tx<'_>, &mut Changes, &mut ContactRecord) -> Result<()> + Send + 'static,
) -> Result<ipc::PersonView> {
    let (who, me) = (people::parse(person)?.pubkey, account.pubkey());
    if who == me {
        return Err(Error::new(ErrorCode::InvalidInput, "This is yourself. Nicknames and blocks are for other people."));
    }
    changes::write(account, move |tx, _, changes| {
        let mut contact = tx.contact(&who)?.unwrap_or_else(|| ContactRecord::new(who));
        change(tx, changes, &mut contact)?;
        tx.put_contact(&contact)?;
        changes.person(who);
        views::person(tx, me, &who)
    })
    .await
}
