//! Invitations: opened, judged, and kept until somebody accepts or declines them.
//! It joins nothing by itself, except where an account was made to (the companion of the try-it conversation).

use std::collections::BTreeSet;
use std::sync::Arc;

use murmel_engine::{JoinError, Preview, Storage as _, Welcome, WelcomeRefused};
use murmel_ipc::{self as ipc, ErrorCode, SystemMessage};
use murmel_store::{ChatId, ChatRecord, ChatState, MessageId, RequestId, RequestInsert, RequestRecord, RequestState, Tx};
use nostr::nips::nip59::UnwrappedGift;
use nostr::{Event, EventId, Kind, PublicKey};

use crate::account::Account;
use crate::changes::Changes;
use crate::chores::Chore;
use crate::group::groups::Groups;
use crate::group::{key_package, pairs, rejoining, rotation};
use crate::network::setup;
use crate::notices::Backlog;
use crate::people::contacts;
use crate::receive::{Taking, insert_system_row, project, retry_deferred};
use crate::{Error, Result, changes, receive, views, wrap};

/// Invitations that wait at a time.
pub(crate) const REQUESTS_CAP: usize = 50;
/// Other ways into groups that we are in, which are kept in case the others turn out to have gone that way.
pub(crate) const SPARES_CAP: u64 = 16;
/// Members of a group that are named in an invitation.
const PEOPLE_CAP: usize = 20;
/// Bytes of a description that are kept with an invitation.
const DESCRIPTION_CAP: usize = 4_096;

/// How long before it arrives an invitation can have been made, in seconds: the lifetime of a key package and a bit.
const LONGEST_WAIT: u64 = 90 * 24 * 60 * 60;

/// Takes gift wraps.
///
/// # Errors
/// Only faults of the store; what is wrong with a wrap is no error.
pub(crate) async fn take(account: &Arc<Account>, wraps: Vec<Event>) -> Result<()> {
    for wrap in wraps {
        // Opening a wrap costs four curve operations, so look first. When the list is full nothing is remembered: it comes again.
        let id = wrap.id;
        let open = account.db.read(move |tx, _| Ok::<_, Error>(!tx.is_seen(&id)? && tx.open_request_count()? < REQUESTS_CAP as u64));
        if !open.await? {
            continue;
        }
        let gift = wrap::open(&account.keys, &wrap).await;
        let wrap = Wrap { id, to: account.pubkey(), created_at: wrap.created_at.as_secs() };
        let welcome = gift.as_ref().and_then(welcome_of);
        let (Some(welcome), Some(gift)) = (welcome, gift) else {
            finish(account, wrap).await?;
            continue;
        };
        let invited_at = gift.rumor.created_at.as_secs();
        if let Err(error) = keep(account, wrap, welcome, invited_at).await {
            if error.code != ErrorCode::Internal {
                return Err(error);
            }
            tracing::error!("an invitation ran into a fault and is left out");
            finish(account, wrap).await?;
        }
    }
    Ok(())
}

/// What is remembered of a gift wrap.
#[derive(Clone, Copy)]
struct Wrap {
    id: EventId,
    to: PublicKey,
    /// Unix seconds, dated back (NIP-59).
    created_at: u64,
}

impl Wrap {
    /// It is finished, and no relay has to send it again.
    fn finish(self, tx: &Tx<'_>, now: u64) -> Result<()> {
        tx.remember_tagged(&self.id, self.to.as_bytes(), self.created_at, now)?;
        Ok(())
    }
}

fn welcome_of(gift: &UnwrappedGift) -> Option<Welcome> {
    if gift.rumor.kind != Kind::MlsWelcome {
        return None;
    }
    match Welcome::read(&gift.rumor, gift.sender) {
        Ok(welcome) => Some(welcome),
        Err(why) => {
            tracing::debug!(?why, "an invitation is malformed");
            None
        }
    }
}

async fn finish(account: &Arc<Account>, wrap: Wrap) -> Result<()> {
    let now = account.clock.now();
    account.db.write(move |tx, _| wrap.finish(tx, now)).await
}

/// Judges a welcome and keeps it as a request.
async fn keep(account: &Arc<Account>, wrap: Wrap, welcome: Welcome, invited_at: u64) -> Result<()> {
    let (now, asks) = (account.clock.now(), !account.auto_accept);
    let me = account.pubkey();
    changes::write(account, move |tx, groups, changes| {
        // Silently: whoever is blocked or may not invite learns nothing of it.
        if asks && tx.is_blocked(&welcome.from())? {
            return wrap.finish(tx, now);
        }
        let preview = match welcome.inspect(tx, groups.device()?) {
            Ok(preview) => preview,
            Err(JoinError::Fault(fault)) => return Err(fault.into()),
            Err(JoinError::Refused(why @ WelcomeRefused::Older(_))) if asks && contacts::may_add(tx, &welcome.from())? => {
                return explain(tx, changes, wrap, &welcome, &why, now);
            }
            Err(JoinError::Refused(why)) => {
                tracing::info!(reason = refusal(&why), "an invitation is refused");
                return wrap.finish(tx, now);
            }
        };
        if has_ended(tx, &preview.group)? {
            return wrap.finish(tx, now);
        }
        let spare = is_active(tx, groups, &preview.group)? && !is_left_behind(tx, groups, &preview)?;
        if spare && (!is_from_admin(tx, groups, &preview)? || tx.spare_request_count()? >= SPARES_CAP) {
            // Not remembered: perhaps we were removed and invited again, and only do not know of the removal yet.
            return Ok(());
        }
        if asks && !contacts::may_add(tx, &welcome.from())? && !is_ours(tx, &preview.group)? {
            return wrap.finish(tx, now);
        }
        let mut description = preview.description;
        description.truncate(description.floor_char_boundary(DESCRIPTION_CAP));
        let request = RequestRecord {
            id: RequestId::NEW,
            wrap_event_id: wrap.id,
            welcome: welcome.mls_message().to_vec(),
            group: Some(preview.group.clone()),
            inviter: welcome.from(),
            relays: welcome.relays().to_vec(),
            name: preview.name,
            description,
            members: u32::try_from(preview.members.len()).unwrap_or(u32::MAX),
            people: worth_naming(tx, me, &welcome.from(), &preview.members)?,
            // A clock that is ahead must not hide what happens until then, nor one that is far behind ask for years.
            invited_at: invited_at.clamp(now.saturating_sub(LONGEST_WAIT), now),
            received_at: now,
            problem: String::new(),
            state: if spare { RequestState::Spare } else { RequestState::Open },
        };
        match tx.insert_request(&request, REQUESTS_CAP)? {
            RequestInsert::Added(_) if spare => {}
            // One notice is enough for all that wait.
            RequestInsert::Added(id) if asks => changes.request(id, tx.open_request_count()? == 1),
            RequestInsert::Added(id) => changes.chore(Chore::Accept(id)),
            RequestInsert::Known(_) => {}
            RequestInsert::Full => return Ok(()),
        }
        // What is written where it leads may have come before it.
        if let Some(chat) = tx.chat_by_group(&preview.group)?
            && !receive::deferred(tx, chat.id)?.is_empty()
        {
            receive::closed(tx, groups, chat.id, now)?;
        }
        wrap.finish(tx, now)
    })
    .await
}

/// Keeps an invitation that cannot be accepted, so that the person learns who sent it and why it cannot.
fn explain(tx: &Tx<'_>, changes: &mut Changes, wrap: Wrap, welcome: &Welcome, why: &WelcomeRefused, now: u64) -> Result<()> {
    let request = RequestRecord {
        id: RequestId::NEW,
        wrap_event_id: wrap.id,
        welcome: welcome.mls_message().to_vec(),
        group: None,
        inviter: welcome.from(),
        relays: welcome.relays().to_vec(),
        name: String::new(),
        description: String::new(),
        members: 0,
        people: vec![welcome.from().to_hex()],
        invited_at: now,
        received_at: now,
        problem: why.to_string(),
        state: RequestState::Open,
    };
    match tx.insert_request(&request, REQUESTS_CAP)? {
        RequestInsert::Added(id) => changes.request(id, tx.open_request_count()? == 1),
        RequestInsert::Known(_) => {}
        RequestInsert::Full => return Ok(()),
    }
    wrap.finish(tx, now)
}

/// Which kind of refusal it was; the words for people carry details that do not belong into a log.
const fn refusal(why: &WelcomeRefused) -> &'static str {
    match why {
        WelcomeRefused::Malformed => "malformed",
        WelcomeRefused::NotForUs => "not for us",
        WelcomeRefused::Invalid(_) => "invalid",
        WelcomeRefused::Context(_) => "context",
        WelcomeRefused::Older(_) => "older",
        WelcomeRefused::Leaf(_) => "leaf",
        WelcomeRefused::Lacks(_) => "lacks",
        WelcomeRefused::Inviter => "inviter",
        WelcomeRefused::Unusable => "unusable",
        WelcomeRefused::AlreadyMember => "member already",
    }
}

/// Whether we are a member of the group, by its state and not only by its chat.
fn is_active(tx: &Tx<'_>, groups: &mut Groups, group: &murmel_engine::GroupId) -> Result<bool> {
    let chat = tx.chat_by_group(group)?;
    if chat.is_some_and(|chat| matches!(chat.state, ChatState::Left | ChatState::Removed | ChatState::Stranded)) {
        return Ok(false);
    }
    Ok(groups.get(tx, group)?.is_some_and(|(group, _)| group.is_active()))
}

/// Whether whoever sent the invitation is an admin of the group as we know it.
fn is_from_admin(tx: &Tx<'_>, groups: &mut Groups, preview: &Preview) -> Result<bool> {
    Ok(groups.get(tx, &preview.group)?.is_some_and(|(group, _)| group.view().admins.contains(&preview.inviter)))
}

/// Whether we are in the group, as far as we know, and are only invited again because we lost its thread.
fn is_ours(tx: &Tx<'_>, group: &murmel_engine::GroupId) -> Result<bool> {
    Ok(tx.chat_by_group(group)?.is_some_and(|chat| matches!(chat.state, ChatState::Active | ChatState::Stranded)))
}

/// Of the members of a group those that are shown before anybody decides: the inviter, then people known here, then others.
fn worth_naming(tx: &Tx<'_>, me: PublicKey, inviter: &PublicKey, members: &[PublicKey]) -> Result<Vec<String>> {
    let (mut known, mut others) = (Vec::new(), Vec::new());
    for member in members.iter().filter(|member| *member != inviter && **member != me) {
        if contacts::is_contact(tx, member)? { known.push(member) } else { others.push(member) }
    }
    let all = std::iter::once(inviter).chain(known).chain(others);
    Ok(all.take(PEOPLE_CAP).map(PublicKey::to_hex).collect())
}

/// INVARIANT: the id of a group that was ended is never joined again.
fn has_ended(tx: &Tx<'_>, group: &murmel_engine::GroupId) -> Result<bool> {
    Ok(tx.chat_by_group(group)?.is_some_and(|chat| chat.state == ChatState::Ended))
}

/// Whether the invitation leads to a branch of the group that we are not on.
fn is_left_behind(tx: &Tx<'_>, groups: &mut Groups, preview: &Preview) -> Result<bool> {
    Ok(groups.get(tx, &preview.group)?.is_some_and(|(group, _)| group.is_left_behind_by(preview)))
}

/// Invitations that wait, newest first.
pub(crate) async fn list(account: &Arc<Account>) -> Result<Vec<ipc::RequestView>> {
    let me = account.pubkey();
    account.db.read(move |tx, _| tx.open_requests()?.iter().map(|request| views::request(tx, me, request)).collect()).await
}

/// Joins the group of an invitation; the chat.
pub(crate) async fn accept(account: &Arc<Account>, request: &str) -> Result<String> {
    let id = parse(request)?;
    let (keys, now) = (account.keys.clone(), account.clock.now());
    let joined = changes::write(account, move |tx, groups, changes| {
        let request = open(tx, id)?;
        if !request.problem.is_empty() {
            return Err(Error::new(ErrorCode::InvalidInput, request.problem));
        }
        let welcome = Welcome::restore(request.welcome.clone(), request.inviter, request.relays.clone());
        let group_id = welcome.inspect(tx, groups.device()?).map_err(refused)?.group;
        let before = rejoining::leave_copy(tx, groups, &group_id)?;
        let group = welcome.join(tx, groups.device()?, true, now).map_err(refused)?;
        if has_ended(tx, &group_id)? {
            return Err(Error::new(ErrorCode::InvalidInput, "This group was ended by an admin; it cannot be joined again."));
        }
        let (view, epoch) = (group.view(), group.epoch());
        groups.insert(group);
        let known = tx.chat_by_group(&group_id)?;
        let returns = known.is_some();
        let chat = match known {
            Some(chat) => {
                tx.rejoin_chat(chat.id, request.invited_at, Some(request.inviter))?;
                rejoining::forget_progress(tx, &chat)?;
                chat.id
            }
            None => tx.insert_chat(&ChatRecord {
                id: ChatId::NEW,
                group: group_id.clone(),
                state: ChatState::Active,
                name: view.name,
                description: view.description,
                epoch,
                relays: view.relays,
                routing: view.routing,
                retention: view.retention.unwrap_or(0),
                avatar: view.avatar.unwrap_or_default(),
                created_at: now,
                // What the group did since the invitation was made has to be read, however long it waited here.
                joined_at: request.invited_at,
                last_activity: now,
                read: MessageId(0),
                inviter: Some(request.inviter),
                needs_self_update_at: None,
            })?,
        };
        project(tx, groups, chat, &group_id)?;
        if returns {
            rejoining::read_anew(tx, changes, chat)?;
        }
        pairs::note(tx, keys.public_key(), chat)?;
        tx.meet(&request.inviter)?;
        rotation::joined(tx, chat, now)?;
        rejoining::say_again(tx, groups, changes, chat, before, now)?;
        let mut taking = Taking::new(tx, groups, changes, &keys, now);
        let by = request.inviter.to_hex();
        insert_system_row(&mut taking, chat, welcome.digest().as_bytes(), request.inviter, now, &SystemMessage::Joined { by })?;
        tx.put_progress_number(&entrance(chat), id.0.unsigned_abs())?;
        tx.put_progress_number(&beginning(chat), epoch.0)?;
        let others = ways_in(tx, &group_id)?;
        for other in &others {
            close(tx, changes, other.id, RequestState::Spare)?;
        }
        // Where there are other ways in, this one is kept too: whoever tries another may have to come back.
        close(tx, changes, id, if others.is_empty() { RequestState::Accepted } else { RequestState::Spare })?;
        changes.group(chat);
        changes.refollow();
        changes.chore(Chore::Rotate(chat));
        // In the same transaction: a package that was used must not be the last one, whatever happens next.
        key_package::want(tx)?;
        Ok((chat, group_id.to_string()))
    })
    .await?;
    setup::retry(account);
    let (chat, group) = joined;
    // Messages may have come before the invitation was accepted.
    retry_deferred(account, BTreeSet::from([chat]), Backlog::First).await?;
    Ok(group)
}

/// Takes another way into a group, if there is one that leads to where any of `events` was written, each with when it was, Unix seconds;
/// `false` where there is none.
pub(crate) fn take_spare(taking: &mut Taking<'_, '_>, chat: &ChatRecord, events: &[(u64, Event)]) -> Result<bool> {
    for spare in ways_in(taking.tx, &chat.group)? {
        if !leads_to(taking, &spare, chat, events)? {
            continue;
        }
        // The copy that nobody else is in goes when the other one is joined.
        taking.tx.set_chat_state(chat.id, ChatState::Stranded)?;
        taking.tx.set_request_state(spare.id, RequestState::Open)?;
        taking.changes.request(spare.id, false);
        taking.changes.chore(Chore::Accept(spare.id));
        return Ok(true);
    }
    Ok(false)
}

/// Invitations into a group that we are in, without the one by which we came: those that are kept aside, and those that the person can see
/// because we may have been removed.
pub(crate) fn ways_in(tx: &Tx<'_>, group: &murmel_engine::GroupId) -> Result<Vec<RequestRecord>> {
    let mut ways = tx.requests_of_group(group, RequestState::Spare)?;
    ways.extend(tx.requests_of_group(group, RequestState::Open)?);
    if let Some(chat) = tx.chat_by_group(group)? {
        let entered = tx.progress_number(&entrance(chat.id))?;
        ways.retain(|way| Some(way.id.0.unsigned_abs()) != entered);
    }
    Ok(ways)
}

/// We are out of a group: what would lead back into it is for the person to decide.
pub(crate) fn offer_spares(taking: &mut Taking<'_, '_>, chat: &ChatRecord) -> Result<()> {
    for spare in ways_in(taking.tx, &chat.group)?.into_iter().filter(|way| way.state == RequestState::Spare) {
        taking.tx.set_request_state(spare.id, RequestState::Open)?;
        taking.changes.request(spare.id, false);
    }
    Ok(())
}

/// The copy that an invitation led to has removed us: it is no way into the group any more.
pub(crate) fn led_out(tx: &Tx<'_>, chat: ChatId) -> Result<()> {
    let entered = tx.progress_number(&entrance(chat))?.and_then(|id| i64::try_from(id).ok()).map(RequestId);
    if let Some(id) = entered
        && tx.request(id)?.is_some_and(|request| request.state == RequestState::Spare)
    {
        tx.set_request_state(id, RequestState::Accepted)?;
    }
    Ok(())
}

/// Names the invitation by which we came into a chat.
fn entrance(chat: ChatId) -> String {
    format!("entered by/{chat}")
}

/// The epoch that we began in when we came into a chat; `None` where we made the group.
pub(crate) fn began(tx: &Tx<'_>, chat: ChatId) -> Result<Option<u64>> {
    Ok(tx.progress_number(&beginning(chat))?)
}

/// Names the epoch that we began in when we came into a chat.
fn beginning(chat: ChatId) -> String {
    format!("entered in/{chat}")
}

/// Whether the epoch that an invitation leads to is one in which any of `events` was written: only its members can do that.
fn leads_to(taking: &mut Taking<'_, '_>, spare: &RequestRecord, chat: &ChatRecord, events: &[(u64, Event)]) -> Result<bool> {
    let welcome = Welcome::restore(spare.welcome.clone(), spare.inviter, spare.relays.clone());
    let (tx, now) = (taking.tx, taking.now);
    let device = taking.groups.device()?;
    let began = began(tx, chat.id)?;
    let opens = tx.scratch(|| -> Result<bool> {
        tx.forget_group(&chat.group).map_err(Error::from)?;
        match welcome.join(tx, device, true, now) {
            Ok(joined) => {
                // Between two stays on one branch lie a removal and an invitation, and what was said in the first stay says nothing of where
                // the others are now.
                let earlier_stay = began.is_none_or(|began| joined.epoch().0.saturating_add(2) <= began);
                let since = if earlier_stay { chat.joined_at } else { 0 };
                Ok(events.iter().any(|(at, event)| *at >= since && joined.opens(event)))
            }
            Err(JoinError::Refused(_)) => Ok(false),
            Err(JoinError::Fault(fault)) => Err(fault.into()),
        }
    });
    opens.map_err(Error::from)?
}

/// Puts an invitation aside; nobody is told.
pub(crate) async fn decline(account: &Arc<Account>, request: &str) -> Result<()> {
    let id = parse(request)?;
    changes::write(account, move |tx, _, changes| {
        open(tx, id)?;
        close(tx, changes, id, RequestState::Declined)
    })
    .await
}

/// Ends an invitation's waiting.
pub(crate) fn close(tx: &Tx<'_>, changes: &mut Changes, id: RequestId, state: RequestState) -> Result<()> {
    if tx.open_request_count()? >= REQUESTS_CAP as u64 {
        // There is room again for what did not fit.
        changes.chore(Chore::ReadAgain);
    }
    tx.set_request_state(id, state)?;
    changes.request_closed(id);
    Ok(())
}

fn parse(request: &str) -> Result<RequestId> {
    request.parse().map(RequestId).map_err(|_| Error::not_found("This invitation"))
}

fn open(tx: &Tx<'_>, id: RequestId) -> Result<RequestRecord> {
    let request = tx.request(id)?.filter(|request| request.state == RequestState::Open);
    request.ok_or_else(|| Error::not_found("This invitation"))
}

fn refused(error: JoinError) -> Error {
    match error {
        JoinError::Refused(why) => Error::new(ErrorCode::InvalidInput, why.to_string()),
        JoinError::Fault(fault) => fault.into(),
    }
}

#[cfg(test)]
mod tests;
