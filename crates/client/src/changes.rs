//! The one way to change an account's rows: a transaction, and after it the events, notices and chores that follow from it.
//! It never announces what was rolled back, and never announces two changes in another order than they happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use murmel_engine::Epoch;
use murmel_ipc as ipc;
use murmel_store::{ChatId, MessageId, OutboxId, RequestId, Tx};
use nostr::PublicKey;
use tokio::sync::oneshot;

use crate::account::Account;
use crate::chores::Chore;
use crate::group::groups::Groups;
use crate::group::membership::Outcome;
use crate::message::send;
use crate::network::relays;
use crate::notices::{self, Arrival, Backlog};
use crate::{Error, Result, views};

/// What a transaction touched.
#[derive(Default)]
pub(crate) struct Changes {
    chats: BTreeSet<ChatId>,
    groups: BTreeSet<ChatId>,
    people: BTreeSet<PublicKey>,
    messages: BTreeSet<MessageId>,
    arrivals: BTreeSet<ChatId>,
    gone: BTreeMap<ChatId, Vec<i64>>,
    requests: BTreeSet<RequestId>,
    closed_requests: BTreeSet<RequestId>,
    invited: bool,
    enqueued: bool,
    refollow: bool,
    chores: Vec<Chore>,
    waiters: Vec<(OutboxId, oneshot::Sender<Outcome>)>,
    outcomes: Vec<(ChatId, OutboxId, Outcome)>,
    backlog: Backlog,
    /// Chats whose group moved on, with the first epoch that ended and when the last one did.
    ended: BTreeMap<ChatId, (Epoch, u64)>,
}

impl Changes {
    /// A chat's row looks different.
    pub(crate) fn chat(&mut self, chat: ChatId) {
        self.chats.insert(chat);
    }

    /// A group's details look different, and its row.
    pub(crate) fn group(&mut self, chat: ChatId) {
        self.chats.insert(chat);
        self.groups.insert(chat);
    }

    /// More is known of somebody, or something was decided about them: wherever they are named looks different.
    pub(crate) fn person(&mut self, who: PublicKey) {
        self.people.insert(who);
    }

    /// A message looks different, and perhaps its chat's row.
    pub(crate) fn message(&mut self, message: MessageId) {
        self.messages.insert(message);
    }

    /// There may be something in a chat to announce.
    pub(crate) fn arrived_in(&mut self, chat: ChatId) {
        self.arrivals.insert(chat);
    }

    /// A row of the timeline is not there any more.
    pub(crate) fn gone(&mut self, chat: ChatId, message: MessageId) {
        self.chats.insert(chat);
        self.gone.entry(chat).or_default().push(message.0);
    }

    /// An invitation is new; `alone` where no other one waits.
    pub(crate) fn request(&mut self, request: RequestId, alone: bool) {
        self.requests.insert(request);
        self.invited |= alone;
    }

    /// An invitation was answered.
    pub(crate) fn request_closed(&mut self, request: RequestId) {
        self.closed_requests.insert(request);
    }

    /// Something waits to be published.
    pub(crate) fn enqueued(&mut self) {
        self.enqueued = true;
    }

    /// Groups are followed elsewhere, or other groups.
    pub(crate) fn refollow(&mut self) {
        self.refollow = true;
    }

    /// Where the new messages come from.
    pub(crate) fn set_backlog(&mut self, backlog: Backlog) {
        self.backlog = backlog;
    }

    /// Somebody waits for the commit that was staged with this outbox row. No outcome of it can come first: that takes a later change.
    pub(crate) fn awaited(&mut self, outbox: OutboxId, teller: oneshot::Sender<Outcome>) {
        self.waiters.push((outbox, teller));
    }

    /// What became of the staged commit of a chat.
    pub(crate) fn outcome(&mut self, chat: ChatId, outbox: OutboxId, outcome: Outcome) {
        self.outcomes.push((chat, outbox, outcome));
    }

    /// An epoch of a group ended: own messages that are on their way in it may have to be encrypted again.
    /// `at`: when the commit was published, Unix seconds.
    pub(crate) fn ended(&mut self, chat: ChatId, epoch: Epoch, at: u64) {
        let (_, last) = self.ended.entry(chat).or_insert((epoch, at));
        *last = at.max(*last);
    }

    /// Something to do once this has happened.
    pub(crate) fn chore(&mut self, chore: Chore) {
        self.chores.push(chore);
    }

    /// Reads the views while the transaction is open, so that they are exactly those of this change.
    fn effects(mut self, tx: &Tx<'_>, me: PublicKey, now: u64) -> Result<Effects> {
        let mut events = Vec::new();
        let mut arrivals = Vec::new();
        for chat in &self.arrivals {
            arrivals.extend(notices::arrived(tx, me, *chat, self.backlog, now)?);
        }
        for who in &self.people {
            self.groups.extend(tx.chats_of(who)?);
            events.push(ipc::EventKind::Person { person: views::person(tx, me, who)? });
        }
        self.chats.extend(self.groups.iter().copied());
        if !self.people.is_empty() {
            let named = tx.open_requests()?.into_iter().filter(|one| self.people.iter().any(|who| one.people.contains(&who.to_hex())));
            self.requests.extend(named.map(|request| request.id));
        }
        for id in &self.messages {
            let Some(record) = tx.message(*id)?.filter(|record| !record.withdrawn) else { continue };
            self.chats.insert(record.chat);
            // What is said about a message shows with that message.
            let shown = if views::is_shown(record.kind) {
                Some(record)
            } else {
                record.target.map(|target| tx.message_by_event(record.chat, &target)).transpose()?.flatten()
            };
            let Some(shown) = shown.filter(|shown| views::is_shown(shown.kind)) else { continue };
            let message = views::message(tx, me, &shown)?;
            events.push(ipc::EventKind::Message { message });
        }
        for (id, mut messages) in std::mem::take(&mut self.gone) {
            // One that was taken back may have come again in the same transaction.
            let mut back = BTreeSet::new();
            for message in &messages {
                if tx.message(MessageId(*message))?.is_some_and(|record| !record.withdrawn) {
                    back.insert(*message);
                }
            }
            messages.retain(|message| !back.contains(message));
            if let Some(chat) = tx.chat(id)? {
                events.push(ipc::EventKind::MessagesRemoved { chat: chat.group.to_string(), messages });
            }
        }
        for id in &self.groups {
            if let Some(chat) = tx.chat(*id)? {
                events.push(ipc::EventKind::Group { group: views::group_details(tx, me, &chat)? });
            }
        }
        for id in &self.chats {
            if let Some(chat) = tx.chat(*id)? {
                events.push(ipc::EventKind::Chat { chat: views::chat(tx, me, &chat)? });
            }
        }
        for id in &self.requests {
            if let Some(request) = tx.request(*id)? {
                events.push(ipc::EventKind::Request { request: views::request(tx, me, &request)? });
            }
        }
        events.extend(self.closed_requests.iter().map(|id| ipc::EventKind::RequestRemoved { id: id.to_string() }));
        let Self { enqueued, refollow, chores, waiters, outcomes, invited, .. } = self;
        Ok(Effects { events, arrivals, invited, enqueued, refollow, chores, waiters, outcomes })
    }
}

/// What follows from a committed transaction.
struct Effects {
    events: Vec<ipc::EventKind>,
    arrivals: Vec<Arrival>,
    invited: bool,
    enqueued: bool,
    refollow: bool,
    chores: Vec<Chore>,
    waiters: Vec<(OutboxId, oneshot::Sender<Outcome>)>,
    outcomes: Vec<(ChatId, OutboxId, Outcome)>,
}

impl Effects {
    /// `looked_at`: the chat that the person was looking at when it happened.
    async fn happen(self, account: &Arc<Account>, looked_at: Option<String>) {
        if !self.arrivals.is_empty() && !account.auto_accept {
            account.attention.arrived(self.arrivals, looked_at.as_deref(), account.clock.now());
        }
        for event in self.events {
            account.attention.follow(&event);
            account.bus.emit(event);
        }
        if self.enqueued {
            account.outbox.notify_one();
            relays::network_changed(account).await;
        }
        if self.refollow {
            account.sync.chore(Chore::Follow);
        }
        for (outbox, teller) in self.waiters {
            account.sync.wait_for(outbox, teller);
        }
        for (chat, outbox, outcome) in self.outcomes {
            account.sync.tell(chat, outbox, outcome);
        }
        for chore in self.chores {
            account.sync.chore(chore);
        }
        if self.invited && !account.auto_accept {
            account.attention.invited(account.clock.now());
        }
        account.sync.moved.notify_waiters();
    }
}

/// Runs `f` in one transaction. When it has committed, everybody concerned is told, in the order of the transactions.
///
/// # Errors
/// Those of `f`, and the store's; then nothing has changed.
pub(crate) async fn write<T: Send + 'static>(
    account: &Arc<Account>,
    f: impl FnOnce(&Tx<'_>, &mut Groups, &mut Changes) -> Result<T> + Send + 'static,
) -> Result<T> {
    let account = Arc::clone(account);
    // A transaction takes place even when its caller stops waiting, so what follows from it has to take place, too.
    let writing = tokio::spawn(async move {
        let (me, now) = (account.pubkey(), account.clock.now());
        // Held until the events are out: otherwise a later change could be announced before this one.
        let _order = account.sync.order.lock().await;
        let looked_at = account.attention.looked_at();
        let (value, effects) = account
            .db
            .write(move |tx, groups| {
                tx.hold_message_keys();
                let mut changes = Changes::default();
                let value = f(tx, groups, &mut changes)?;
                // Once for all commits of a backlog.
                for (chat, (epoch, at)) in std::mem::take(&mut changes.ended) {
                    send::renew(tx, groups, &mut changes, chat, send::Ended { epoch, at }, now)?;
                }
                murmel_store::crash_point!("change: made, keys not written");
                groups.write_held_keys(tx)?;
                murmel_store::crash_point!("change: keys written, not committed");
                let effects = changes.effects(tx, me, now)?;
                Ok::<_, Error>((value, effects))
            })
            .await?;
        murmel_store::crash_point!("change: committed, events not out");
        effects.happen(&account, looked_at).await;
        murmel_store::crash_point!("change: events out");
        Ok(value)
    });
    writing.await.unwrap_or_else(|_| Err(Error::internal("a change did not finish")))
}

/// Announces rows that changed elsewhere, such as the delivery of a message.
///
/// # Errors
/// The store's.
pub(crate) async fn announce(account: &Arc<Account>, changes: Changes) -> Result<()> {
    let (me, now) = (account.pubkey(), account.clock.now());
    let _order = account.sync.order.lock().await;
    let effects = account.db.read(move |tx, _| changes.effects(tx, me, now)).await?;
    effects.happen(account, account.attention.looked_at()).await;
    Ok(())
}
