//! Publishing on one link: which events wait for the relay's answer, and what the answer was.
//! Never sends an event a second time, except once after authentication on the inbox lane.

use nostr::{ClientMessage, Event, EventId};
use nostr_sdk::Relay;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Link, PUBLISHING_CAP, SENDING_CAP};
use crate::Answer;

/// Longest text of a relay that is kept, in characters.
pub const DETAIL_CHARS_CAP: usize = 256;

/// An event on its way to the relay.
#[derive(Debug)]
pub(super) struct Publishing {
    event: Box<Event>,
    replies: Vec<oneshot::Sender<Answer>>,
    sent: bool,
    /// When it was sent last.
    at: Instant,
    /// The relay asked for authentication before it takes the event.
    refused: Option<String>,
    sent_again: bool,
}

impl Link {
    pub(super) fn publish(&mut self, event: Box<Event>, reply: oneshot::Sender<Answer>) {
        if let Some(waiting) = self.publishing.get_mut(&event.id) {
            let abandoned = waiting.sent && waiting.replies.iter().all(oneshot::Sender::is_closed);
            if abandoned {
                // Whoever asked before has given up on an answer: this is another attempt, not the same one.
                waiting.sent = false;
                waiting.replies.clear();
                self.unsent.push_back(event.id);
            }
            waiting.replies.push(reply);
            return;
        }
        if self.publishing.len() >= PUBLISHING_CAP {
            let detail = "too many messages wait for this relay; they are tried again later".to_owned();
            drop(reply.send(Answer::Unreachable { detail }));
            return;
        }
        let id = event.id;
        self.unsent.push_back(id);
        self.publishing
            .insert(id, Publishing { event, replies: vec![reply], sent: false, at: Instant::now(), refused: None, sent_again: false });
    }

    /// Hands events to the pool as far as its queue takes them.
    pub(super) fn send_unsent(&mut self, relay: &Relay) {
        while relay.queue() < SENDING_CAP {
            let Some(id) = self.unsent.pop_front() else { break };
            let Some(waiting) = self.publishing.get_mut(&id) else { continue };
            if waiting.replies.iter().all(oneshot::Sender::is_closed) && !waiting.sent {
                self.publishing.remove(&id);
                continue;
            }
            if relay.send_msg(ClientMessage::event((*waiting.event).clone())).is_err() {
                self.unsent.push_front(id);
                break;
            }
            (waiting.sent, waiting.at) = (true, Instant::now());
        }
    }

    /// The relay's answer to an event (NIP-01 `OK`).
    pub(super) fn answered(&mut self, id: &EventId, accepted: bool, words: &str) {
        let Some(waiting) = self.publishing.get_mut(id) else { return };
        if !waiting.sent {
            return;
        }
        let detail = shorten(words);
        let took = waiting.at.elapsed();
        if accepted || words.starts_with("duplicate:") {
            self.parts.health.answered(Some(took));
            self.parts.health.delivered();
            self.reply(id, &Answer::Accepted { detail });
            return;
        }
        if words.starts_with("auth-required:") && self.parts.may_authenticate && !waiting.sent_again {
            waiting.refused = Some(detail);
            if self.authenticated {
                self.send_refused_again();
            }
            return;
        }
        self.note_refusal(&detail);
        self.reply(id, &Answer::Refused { detail });
    }

    /// After authentication: what the relay refused for the lack of it is sent once more.
    pub(super) fn send_refused_again(&mut self) {
        for (id, waiting) in &mut self.publishing {
            if waiting.refused.take().is_some() {
                waiting.sent_again = true;
                self.unsent.push_back(*id);
            }
        }
    }

    pub(super) fn authentication_failed(&mut self) {
        let refused: Vec<_> = self.publishing.iter().filter_map(|(id, waiting)| Some((*id, waiting.refused.clone()?))).collect();
        for (id, detail) in refused {
            self.reply(&id, &Answer::Refused { detail });
        }
        self.report_closed("the relay did not accept the authentication");
        self.fail_readings("the relay did not accept the authentication");
    }

    /// What was sent and not answered is answered now; what was not sent stays for the next connection.
    pub(super) fn connection_lost(&mut self) {
        let sent: Vec<EventId> = self.publishing.iter().filter(|(_, waiting)| waiting.sent).map(|(id, _)| *id).collect();
        for id in sent {
            let detail = "the relay closed the connection before it answered".to_owned();
            self.reply(&id, &Answer::Unreachable { detail });
        }
    }

    pub(super) fn answer_all(&mut self, answer: impl Fn() -> Answer) {
        self.unsent.clear();
        let ids: Vec<EventId> = self.publishing.keys().copied().collect();
        for id in ids {
            self.reply(&id, &answer());
        }
        let reason = match answer() {
            Answer::Unreachable { detail } | Answer::NotDialled { detail } => detail,
            _ => String::new(),
        };
        self.fail_readings(&reason);
        self.fail_reconciliations(&reason);
    }

    /// Forgets events whose senders have stopped waiting.
    pub(super) fn forget_abandoned(&mut self) {
        self.publishing.retain(|_, waiting| waiting.replies.iter().any(|reply| !reply.is_closed()));
        self.unsent.retain(|id| self.publishing.contains_key(id));
    }

    fn reply(&mut self, id: &EventId, answer: &Answer) {
        for reply in self.publishing.remove(id).into_iter().flat_map(|waiting| waiting.replies) {
            drop(reply.send(answer.clone()));
        }
    }
}

/// A relay's words: one line, no control characters, not endless.
pub(crate) fn shorten(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_CAP).collect()
}
