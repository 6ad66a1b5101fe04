//! Relay lists: the account's relays (NIP-65, kind 10002) and its inbox relays (NIP-17, kind 10050).
//! Never drops an entry or a tag of another client.

use nostr::{Event, EventBuilder, Kind, Tag};

use crate::RelayAddress;

/// Most entries of one list that are looked at.
pub const LIST_ENTRIES_CAP: usize = 64;

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// Kind 10002: where the account writes and reads (NIP-65). Key packages are at the write-capable entries.
    Relays,
    /// Kind 10050: where the account receives gift wraps (NIP-17). Welcomes go there.
    Inbox,
}

impl ListKind {
    /// The event kind.
    pub fn kind(self) -> Kind {
        match self {
            Self::Relays => Kind::RelayList,
            Self::Inbox => Kind::InboxRelays,
        }
    }

    fn tag_name(self) -> &'static str {
        match self {
            Self::Relays => "r",
            Self::Inbox => "relay",
        }
    }
}

/// What an entry of a relay list is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayUse {
    /// Both (no marker).
    Both,
    /// Only reading (`read`).
    Read,
    /// Only writing (`write`).
    Write,
}

impl RelayUse {
    fn marker(self) -> Option<&'static str> {
        match self {
            Self::Both => None,
            Self::Read => Some("read"),
            Self::Write => Some("write"),
        }
    }

    fn reads(self) -> bool {
        self != Self::Write
    }

    fn writes(self) -> bool {
        self != Self::Read
    }
}

/// Why an event is not the list that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The event has another kind.
    #[error("this is not the relay list that was asked for")]
    Kind,
}

/// A relay list with everything that its event carries, known or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayList {
    kind: ListKind,
    content: String,
    tags: Vec<Vec<String>>,
}

impl RelayList {
    /// An empty list.
    pub fn new(kind: ListKind) -> Self {
        Self { kind, content: String::new(), tags: Vec::new() }
    }

    /// Reads a list from its event. Entries that are no relay addresses are kept, but not returned as entries.
    ///
    /// # Errors
    /// When the event has another kind.
    pub fn parse(kind: ListKind, event: &Event) -> Result<Self, ListError> {
        if event.kind != kind.kind() {
            return Err(ListError::Kind);
        }
        let tags = event.tags.iter().map(|tag| tag.as_slice().to_vec()).collect();
        Ok(Self { kind, content: event.content.clone(), tags })
    }

    /// All entries that are relay addresses, in their order, at most [`LIST_ENTRIES_CAP`], each address once.
    ///
    /// An inbox list has no markers; its entries are for reading and writing.
    pub fn entries(&self) -> Vec<(RelayAddress, RelayUse)> {
        let mut entries: Vec<(RelayAddress, RelayUse)> = Vec::new();
        for (address, purpose) in self.tags.iter().filter_map(|tag| self.entry(tag)).take(LIST_ENTRIES_CAP) {
            match entries.iter_mut().find(|(known, _)| *known == address) {
                Some((_, known)) if *known != purpose => *known = RelayUse::Both,
                Some(_) => {}
                None => entries.push((address, purpose)),
            }
        }
        entries
    }

    /// Entries that are written to: no marker, or `write`.
    pub fn write_relays(&self) -> Vec<RelayAddress> {
        self.entries().into_iter().filter(|(_, purpose)| purpose.writes()).map(|(address, _)| address).collect()
    }

    /// Entries that are read from: no marker, or `read`.
    pub fn read_relays(&self) -> Vec<RelayAddress> {
        self.entries().into_iter().filter(|(_, purpose)| purpose.reads()).map(|(address, _)| address).collect()
    }

    /// The list with `wanted` in it as well; everything that was there stays, in its order.
    ///
    /// An entry that is there with too narrow a marker is widened. Applying it again changes nothing.
    #[must_use]
    pub fn merge(&self, wanted: &[(RelayAddress, RelayUse)]) -> Self {
        let mut merged = self.clone();
        for (address, purpose) in wanted {
            let purpose = if self.kind == ListKind::Inbox { RelayUse::Both } else { *purpose };
            let known = merged.entries().into_iter().find(|(known, _)| known == address).map(|(_, known)| known);
            let covered = known.is_some_and(|known| (known.reads() || !purpose.reads()) && (known.writes() || !purpose.writes()));
            if !covered {
                // A second, unlike marker for an address means both; so a widened entry becomes one without a marker.
                let purpose = if known.is_some() { RelayUse::Both } else { purpose };
                merged.put(address, purpose);
            }
        }
        merged
    }

    /// The list without these addresses; everything else stays.
    #[must_use]
    pub fn without(&self, unwanted: &[RelayAddress]) -> Self {
        let mut kept = self.clone();
        kept.tags.retain(|tag| self.entry(tag).is_none_or(|(address, _)| !unwanted.contains(&address)));
        kept
    }

    /// The event to sign. Its `created_at` has to be later than that of the event it replaces.
    pub fn to_event(&self) -> EventBuilder {
        let tags = self.tags.iter().filter_map(|tag| Tag::parse(tag).ok());
        EventBuilder::new(self.kind.kind(), self.content.clone()).tags(tags)
    }

    fn put(&mut self, address: &RelayAddress, purpose: RelayUse) {
        let mut tag = vec![self.kind.tag_name().to_owned(), address.as_str().to_owned()];
        tag.extend(purpose.marker().map(str::to_owned));
        let place = self.tags.iter().position(|tag| self.entry(tag).is_some_and(|(known, _)| known == *address));
        match place.and_then(|place| self.tags.get_mut(place)) {
            Some(known) => *known = tag,
            None => self.tags.push(tag),
        }
    }

    fn entry(&self, tag: &[String]) -> Option<(RelayAddress, RelayUse)> {
        let [name, url, rest @ ..] = tag else { return None };
        if name != self.kind.tag_name() {
            return None;
        }
        let address = RelayAddress::parse(url).ok()?;
        let purpose = match (self.kind, rest.first().map(String::as_str)) {
            (ListKind::Inbox, _) | (_, None | Some("")) => RelayUse::Both,
            (_, Some("read")) => RelayUse::Read,
            (_, Some("write")) => RelayUse::Write,
            // An unknown marker says nothing about writing or reading that we could rely on.
            (_, Some(_)) => return None,
        };
        Some((address, purpose))
    }
}

#[cfg(test)]
#[path = "lists/tests.rs"]
mod tests;
