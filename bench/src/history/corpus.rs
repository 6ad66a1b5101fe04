//! Messages as people write them, as far as an index notices: few words that are everywhere, many that are rare.
//! The same number always gives the same message.

use anyhow::Context as _;
use murmel_engine::{Digest, Epoch, GroupId, InnerEvent, RoutingId};
use murmel_store::{ChatId, ChatRecord, ChatState, KIND_CHAT, MessageId, MessageRecord, Tx};
use nostr::{Keys, PublicKey};

use crate::messages::record;

/// Conversations; messages come in any of them.
pub const CHATS: u64 = 50;
/// Authors.
const PEOPLE: u64 = 200;
/// Different words.
const WORDS: u64 = 30_000;
/// In one message of a hundred thousand.
pub const RARE: &str = "quokka";
/// In one message of five.
pub const COMMON: &str = "tomorrow";
/// Each in one message of twenty, both in one of four hundred.
pub const PAIR: [&str; 2] = ["allotment", "sunday"];
/// In one message of ten thousand.
pub const PHRASE: &str = "under the bridge";
/// When the first message was written.
const BEGIN: u64 = 1_600_000_000;
/// Seconds between two messages.
const STEP: u64 = 100;

/// Who writes.
#[derive(Clone)]
pub struct Corpus {
    people: Vec<PublicKey>,
}

impl Corpus {
    /// New people.
    pub fn new() -> Self {
        Self { people: (0..PEOPLE).map(|_| Keys::generate().public_key()).collect() }
    }

    /// When a message was written.
    pub fn at(&self, n: u64) -> u64 {
        BEGIN + n * STEP
    }

    /// A message.
    ///
    /// # Errors
    /// There is no conversation.
    pub fn message(&self, n: u64, chats: &[ChatId]) -> anyhow::Result<MessageRecord> {
        let dice = spread(n);
        let chat = at(chats, dice)?;
        let sender = at(&self.people, dice >> 20)?;
        let event = InnerEvent::new(sender, self.at(n), KIND_CHAT, Vec::new(), text(n));
        let digest = Digest::of(event.id().as_bytes());
        Ok(record(&event, chat, Epoch(n / 10_000), Some(digest), n.is_multiple_of(7)))
    }
}

fn at<T: Copy>(of: &[T], number: u64) -> anyhow::Result<T> {
    let index = usize::try_from(number % (of.len() as u64).max(1))?;
    of.get(index).copied().context("nothing to choose from")
}

/// About nine words.
fn text(n: u64) -> String {
    let mut text = format!("{n}");
    for place in 0..5 + spread(n ^ 0x55) % 8 {
        text.push(' ');
        text.push_str(&word(spread(n.wrapping_mul(31).wrapping_add(place))));
    }
    let planted = [(5, COMMON), (20, PAIR[0]), (100_000, RARE), (10_000, PHRASE)];
    for (every, word) in planted {
        if n % every == every / 2 {
            text.push(' ');
            text.push_str(word);
        }
    }
    // Independent of the first word of the pair.
    if (n / 20).is_multiple_of(20) {
        text.push(' ');
        text.push_str(PAIR[1]);
    }
    text
}

/// The square of a number between 0 and 1 makes small numbers likely: a few words are everywhere.
fn word(dice: u64) -> String {
    let share = (dice >> 11) as f64 / (1_u64 << 53) as f64;
    let number = (share * share * share * WORDS as f64) as u64;
    let mut word = String::new();
    let mut rest = number + 17;
    while rest > 0 {
        word.push_str(SYLLABLES.get(usize::try_from(rest % SYLLABLES.len() as u64).unwrap_or(0)).copied().unwrap_or("a"));
        rest /= SYLLABLES.len() as u64;
    }
    word
}

const SYLLABLES: [&str; 16] = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wu", "da", "fe", "gi", "ho", "ju", "pa"];

/// Spreads numbers over all numbers (SplitMix64).
pub fn spread(n: u64) -> u64 {
    let mut mixed = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The conversations.
///
/// # Errors
/// The store's.
pub fn chats(tx: &Tx<'_>) -> anyhow::Result<Vec<ChatId>> {
    (0..CHATS)
        .map(|n| {
            let id = Digest::of(&n.to_be_bytes());
            let group = GroupId::new(id.as_bytes().to_vec()).context("a group id")?;
            Ok(tx.insert_chat(&ChatRecord {
                id: ChatId::NEW,
                group,
                state: ChatState::Active,
                name: format!("Conversation {n}"),
                description: String::new(),
                epoch: Epoch(1),
                relays: vec![crate::person::RELAY.to_owned()],
                routing: RoutingId::new(*id.as_bytes()),
                retention: 0,
                avatar: String::new(),
                created_at: BEGIN,
                joined_at: BEGIN,
                last_activity: BEGIN,
                read: MessageId(0),
                inviter: None,
                needs_self_update_at: None,
            })?)
        })
        .collect()
}
