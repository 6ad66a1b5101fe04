//! One relay on one lane: dial, subscribe, publish, look up, and dial again when the connection is lost.
//! Never judges events (admission does) and never decides what to follow or to publish.

mod answers;
mod reading;
mod reconciling;
mod slots;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nostr::{Event, EventId, Filter, RelayMessage, RelayUrl, SubscriptionId, Timestamp};
use nostr_sdk::pool::relay::Error as RelayError;
use nostr_sdk::pool::transport::error::TransportError;
use nostr_sdk::pool::{RelayLimits, RelayNotification};
use nostr_sdk::{Relay, RelayOptions, RelayPool, RelayStatus};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::Instant;

use self::answers::Publishing;
use self::reading::Reading;
pub(crate) use self::reconciling::Compared;
use self::reconciling::Reconciling;
use self::slots::Slot;
use crate::admit::{Collected, Registry, Want};
use crate::frame::MESSAGE_BYTES_CAP;
use crate::health::{Auth, Health, Phase, explained};
use crate::incoming::{Feed, Incoming, Notices, Outlet};
use crate::socket::DialFault;
use crate::{Answer, Lane, Pace, RelayAddress};

/// Requests that wait for one link.
pub const COMMANDS_CAP: usize = 256;
/// Frames handed to the pool's send queue at once; the rest waits in the link.
pub const SENDING_CAP: usize = 512;
/// Events that one link holds until they can be sent.
pub const PUBLISHING_CAP: usize = 8192;
/// Spellings of one relay's address that reports are made for.
pub const SPELLINGS_CAP: usize = 8;
/// The pool's own notices that may wait for a link (answers, end of stored events, states).
const NOTIFICATIONS_CAP: usize = 4096;
/// How often a link tidies up, and fills the pool's send queue again.
const TIDY_EVERY: Duration = Duration::from_secs(5);
const SEND_AGAIN_AFTER: Duration = Duration::from_millis(5);
/// How long a subscription that the relay ended rests before it is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// What a link is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    Publish {
        address: RelayAddress,
        event: Box<Event>,
        reply: oneshot::Sender<Answer>,
    },
    Fetch {
        address: RelayAddress,
        filter: Filter,
        into: Arc<Mutex<Collected>>,
        reply: oneshot::Sender<Result<(), String>>,
    },
    /// Which events of a filter the relay has besides these.
    Reconcile {
        address: RelayAddress,
        filter: Filter,
        have: Vec<(EventId, Timestamp)>,
        reply: oneshot::Sender<Result<Compared, String>>,
    },
    /// The whole set of feeds that this relay carries; replaces the set before.
    Follow {
        wants: Vec<Want>,
    },
    /// Connections take another way from now on.
    Redial,
    Stop,
}

/// What a link is made of.
#[derive(Debug)]
pub(crate) struct LinkParts {
    pub(crate) lane: Lane,
    pub(crate) url: RelayUrl,
    pub(crate) pool: RelayPool,
    pub(crate) registry: Arc<Registry>,
    pub(crate) outlet: Outlet,
    pub(crate) notices: Notices,
    pub(crate) pace: Pace,
    /// Whether the lane has a signer, so that a relay's demand for authentication can be met.
    pub(crate) may_authenticate: bool,
    pub(crate) health: Arc<Health>,
}

pub(crate) struct Link {
    parts: LinkParts,
    commands: mpsc::Receiver<Command>,
    addresses: BTreeSet<RelayAddress>,
    wants: BTreeMap<Feed, Want>,
    slots: HashMap<SubscriptionId, Slot>,
    readings: HashMap<SubscriptionId, Reading>,
    reconciling: HashMap<SubscriptionId, Reconciling>,
    /// Whether the relay compares sets (NIP-77), as far as it was found out.
    reconciles: Option<bool>,
    publishing: HashMap<EventId, Publishing>,
    unsent: VecDeque<EventId>,
    authenticated: bool,
    ask_again_at: Option<Instant>,
    /// Dials in a row after which the relay said nothing.
    failures: u32,
    /// The next dial does not wait.
    at_once: bool,
    last_used: Instant,
}

impl Link {
    pub(crate) fn new(parts: LinkParts, commands: mpsc::Receiver<Command>) -> Self {
        Self {
            parts,
            commands,
            addresses: BTreeSet::new(),
            wants: BTreeMap::new(),
            slots: HashMap::new(),
            readings: HashMap::new(),
            reconciling: HashMap::new(),
            reconciles: None,
            publishing: HashMap::new(),
            unsent: VecDeque::new(),
            authenticated: false,
            ask_again_at: None,
            failures: 0,
            at_once: false,
            last_used: Instant::now(),
        }
    }

    /// Runs until it is stopped or has had nothing to do for a while.
    pub(crate) async fn run(mut self) {
        loop {
            let Some(dialled) = self.dial().await else { break };
            let pause = match dialled {
                Ok((relay, notifications)) => {
                    let ended = self.serve(&relay, notifications).await;
                    self.hang_up(&relay).await;
                    if ended.is_break() {
                        break;
                    }
                    if std::mem::take(&mut self.at_once) { Duration::ZERO } else { self.pause() }
                }
                Err(refused) => self.dial_failed(refused),
            };
            if self.rest(pause).await.is_break() {
                break;
            }
        }
        self.parts.health.idle();
        self.answer_all(|| Answer::Unreachable { detail: "the connection was closed".to_owned() });
        self.commands.close();
        drop(self.parts.pool.force_remove_relay(&self.parts.url).await);
    }

    /// Opens a connection while taking commands. `None` when the link is to stop.
    async fn dial(&mut self) -> Option<Result<(Relay, broadcast::Receiver<RelayNotification>), RelayError>> {
        let (pool, url, timeout) = (self.parts.pool.clone(), self.parts.url.clone(), self.parts.pace.dial_timeout);
        let dialling = async move {
            // A fresh relay object for each connection: the pool keeps no state of the one before.
            drop(pool.force_remove_relay(&url).await);
            drop(pool.add_relay(&url, relay_options()).await);
            let relay = pool.relay(&url).await.map_err(|_| RelayError::NotReady)?;
            let notifications = relay.notifications();
            relay.try_connect(timeout).await?;
            Ok((relay, notifications))
        };
        tokio::pin!(dialling);
        let begun = Instant::now();
        self.parts.health.dialling();
        loop {
            tokio::select! {
                dialled = &mut dialling => {
                    if dialled.is_ok() {
                        self.parts.health.opened(begun.elapsed());
                    }
                    return Some(dialled);
                }
                command = self.commands.recv() => {
                    let again = matches!(command, Some(Command::Redial));
                    if self.take(command).is_break() {
                        return None;
                    }
                    if again {
                        return Some(Err(RelayError::Transport(TransportError::backend(DialFault::Rerouted))));
                    }
                }
            }
        }
    }

    /// Notes a failed dial and says how long to rest.
    fn dial_failed(&mut self, fault: RelayError) -> Duration {
        let refusal = refusal_of(&fault);
        let detail = describe(&fault);
        self.parts.health.lost(if refusal { Phase::Forbidden } else { Phase::Resting }, detail.clone());
        self.answer_all(|| match refusal {
            true => Answer::NotDialled { detail: detail.clone() },
            false => Answer::Unreachable { detail: detail.clone() },
        });
        self.announce(|lane, relay| Incoming::Disconnected { lane, relay });
        self.failures = self.failures.saturating_add(1);
        if refusal { self.parts.pace.redial_cap } else { self.pause() }
    }

    /// How long to rest before the next dial: it doubles with every failure in a row.
    fn pause(&self) -> Duration {
        let pace = &self.parts.pace;
        let grown = pace.redial_first.saturating_mul(1 << self.failures.saturating_sub(1).min(16)).min(pace.redial_cap);
        // Up to a quarter more, so that clients of a relay that came back do not all call at once.
        grown.mul_f64(1.0 + rand::random::<f64>() / 4.0)
    }

    /// Waits between two dials. Work that comes in shortens the pause to the first step.
    async fn rest(&mut self, pause: Duration) -> ControlFlow<()> {
        let begun = Instant::now();
        let mut until = begun + pause;
        loop {
            self.parts.health.rests_until(until);
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = self.parts.outlet.gap.opened() => {
                    self.announce_gap();
                    continue;
                }
                command = self.commands.recv() => {
                    let urgent = matches!(command, Some(Command::Publish { .. } | Command::Fetch { .. } | Command::Reconcile { .. }));
                    let again = matches!(command, Some(Command::Redial));
                    self.take(command)?;
                    if again {
                        // What failed on another way says nothing about this one.
                        self.failures = 0;
                        until = begun;
                        continue;
                    }
                    if !self.is_idle() {
                        until = until.min(begun + if urgent { self.parts.pace.redial_first } else { pause });
                    }
                    continue;
                }
            }
            if !self.is_idle() {
                return ControlFlow::Continue(());
            }
            // Nobody needs this relay now: no dialling for its own sake.
            if self.last_used.elapsed() >= self.parts.pace.idle_after {
                return ControlFlow::Break(());
            }
            until = self.last_used + self.parts.pace.idle_after;
        }
    }

    /// Works on an open connection until it is lost (`Continue`) or the link is to stop (`Break`).
    async fn serve(&mut self, relay: &Relay, mut notifications: broadcast::Receiver<RelayNotification>) -> ControlFlow<()> {
        // A relay that hangs up before it says anything counts as a failed dial.
        self.failures = self.failures.saturating_add(1);
        self.authenticated = false;
        self.announce(|lane, relay| Incoming::Connected { lane, relay });
        self.open_slots(relay);
        self.send_readings(relay);
        self.send_reconciliations(relay);
        let mut tidy = tokio::time::interval(TIDY_EVERY);
        loop {
            self.send_unsent(relay);
            let backlog = !self.unsent.is_empty();
            tokio::select! {
                notification = notifications.recv() => match notification {
                    Ok(notification) if is_end(&notification) => return ControlFlow::Continue(()),
                    Ok(notification) => self.hear(relay, notification),
                    Err(broadcast::error::RecvError::Lagged(_)) if relay.is_connected() => self.parts.outlet.gap.open(),
                    Err(_) => return ControlFlow::Continue(()),
                },
                command = self.commands.recv() => {
                    let again = matches!(command, Some(Command::Redial));
                    self.take(command)?;
                    if again {
                        self.failures = 0;
                        self.at_once = true;
                        return ControlFlow::Continue(());
                    }
                    self.settle_slots(relay);
                    self.send_readings(relay);
                    self.send_reconciliations(relay);
                }
                () = self.parts.outlet.gap.opened() => self.announce_gap(),
                _ = tidy.tick() => self.tidy(relay),
                () = tokio::time::sleep_until(self.last_used + self.parts.pace.idle_after), if self.is_idle() => {
                    return ControlFlow::Break(());
                }
                () = tokio::time::sleep(SEND_AGAIN_AFTER), if backlog => {}
            }
        }
    }

    fn hear(&mut self, relay: &Relay, notification: RelayNotification) {
        match notification {
            RelayNotification::Message { message } => {
                self.failures = 0;
                self.hear_message(relay, &message);
            }
            RelayNotification::Authenticated => {
                self.authenticated = true;
                self.parts.health.auth(Auth::Given);
                self.send_refused_again();
                self.ask_closed_again(relay);
                self.send_readings(relay);
            }
            RelayNotification::AuthenticationFailed => {
                self.parts.health.auth(Auth::Refused);
                self.authentication_failed();
            }
            _ => {}
        }
    }

    fn hear_message(&mut self, relay: &Relay, message: &RelayMessage<'_>) {
        match message {
            RelayMessage::Ok { event_id, status, message } => self.answered(event_id, *status, message),
            RelayMessage::EndOfStoredEvents(id) => self.stored_events_ended(relay, id),
            RelayMessage::Closed { subscription_id, message } => self.subscription_closed(relay, subscription_id, message),
            RelayMessage::NegMsg { subscription_id, message } => self.compared(relay, subscription_id, message),
            RelayMessage::NegErr { subscription_id, .. } => self.comparison_refused(relay, subscription_id),
            RelayMessage::Notice(_) => self.noticed(),
            RelayMessage::Auth { .. } if !self.authenticated => {
                self.parts.health.auth(if self.parts.may_authenticate { Auth::Asked } else { Auth::Withheld });
            }
            _ => {}
        }
    }

    async fn hang_up(&mut self, relay: &Relay) {
        relay.disconnect();
        drop(self.parts.pool.force_remove_relay(&self.parts.url).await);
        self.parts.health.lost(Phase::Resting, "the connection was lost".to_owned());
        self.close_slots();
        self.connection_lost();
        self.fail_readings("the relay closed the connection");
        self.fail_reconciliations("the relay closed the connection");
        self.announce_gap();
        self.announce(|lane, relay| Incoming::Disconnected { lane, relay });
    }

    /// Notes a command. What can be sent is sent by [`Link::serve`].
    fn take(&mut self, command: Option<Command>) -> ControlFlow<()> {
        self.last_used = Instant::now();
        match command {
            None | Some(Command::Stop) => return ControlFlow::Break(()),
            Some(Command::Redial) => {}
            Some(Command::Publish { address, event, reply }) => {
                self.note_address(address);
                self.publish(event, reply);
            }
            Some(Command::Fetch { address, filter, into, reply }) => {
                self.note_address(address.clone());
                self.readings.insert(SubscriptionId::generate(), Reading::new(address, filter, into, reply));
            }
            Some(Command::Reconcile { address, filter, have, reply }) => {
                self.note_address(address);
                if let Some(one) = Reconciling::new(filter, &have, reply) {
                    self.reconciling.insert(SubscriptionId::generate(), one);
                }
            }
            Some(Command::Follow { wants }) => {
                for address in wants.iter().flat_map(|want| &want.addresses) {
                    self.note_address(address.clone());
                }
                self.replace_wants(wants);
            }
        }
        ControlFlow::Continue(())
    }

    fn note_address(&mut self, address: RelayAddress) {
        if self.addresses.len() < SPELLINGS_CAP && self.addresses.insert(address.clone()) && self.parts.health.is_connected() {
            self.put(Incoming::Connected { lane: self.parts.lane, relay: address });
        }
    }

    /// Notes the words with which the relay refused something.
    fn note_refusal(&self, words: &str) {
        self.parts.health.failed(&explained(words, self.parts.may_authenticate));
    }

    fn is_idle(&self) -> bool {
        self.wants.is_empty() && self.publishing.is_empty() && self.readings.is_empty() && self.reconciling.is_empty()
    }

    fn tidy(&mut self, relay: &Relay) {
        self.forget_abandoned();
        self.drop_abandoned_readings(relay);
        self.send_readings(relay);
        self.tidy_reconciliations(relay);
        self.announce_gap();
        if self.ask_again_at.is_some_and(|at| at <= Instant::now()) {
            if self.parts.may_authenticate && !self.authenticated {
                self.report_closed("the relay asks for authentication and does not complete it");
            }
            self.ask_closed_again(relay);
        }
    }

    fn announce(&self, notice: impl Fn(Lane, RelayAddress) -> Incoming) {
        for address in &self.addresses {
            self.put(notice(self.parts.lane, address.clone()));
        }
    }

    fn announce_gap(&self) {
        if self.parts.outlet.gap.take() {
            self.announce(|lane, relay| Incoming::Gap { lane, relay });
        }
    }

    fn put(&self, notice: Incoming) {
        if !self.parts.notices.put(notice) {
            self.parts.outlet.gap.owe();
        }
    }
}

/// Whether the connection is over. Answers that came before it are in front of it in the queue.
fn is_end(notification: &RelayNotification) -> bool {
    match notification {
        RelayNotification::RelayStatus { status } => matches!(status, RelayStatus::Disconnected | RelayStatus::Terminated),
        RelayNotification::Shutdown => true,
        _ => false,
    }
}

fn relay_options() -> RelayOptions {
    let mut limits = RelayLimits::default();
    limits.messages.max_size = Some(u32::try_from(MESSAGE_BYTES_CAP).unwrap_or(u32::MAX));
    RelayOptions::new()
        .reconnect(false)
        // The pool would enter a filter only after its request was sent, and lose what answers early; `admit` enters it first.
        .verify_subscriptions(false)
        .ban_relay_on_mismatch(false)
        .limits(limits)
        .notification_channel_size(NOTIFICATIONS_CAP)
}

fn refusal_of(fault: &RelayError) -> bool {
    matches!(dial_fault(fault), Some(DialFault::Refused(_)))
}

fn describe(fault: &RelayError) -> String {
    dial_fault(fault).map_or_else(|| format!("no connection: {fault}"), ToString::to_string)
}

fn dial_fault(fault: &RelayError) -> Option<&DialFault> {
    let RelayError::Transport(TransportError::Backend(inner)) = fault else {
        return None;
    };
    inner.downcast_ref()
}
