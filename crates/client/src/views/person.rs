//! A person, as the window sees them.
//! It fetches nothing.

use murmel_ipc as ipc;
use murmel_store::{AddressState, PersonRecord, Tx};
use nostr::PublicKey;

use super::{Names, found};
use crate::Result;
use crate::group::pairs;
use crate::people::npub;

/// Everything that is known of somebody here.
pub(crate) fn person(tx: &Tx<'_>, me: PublicKey, who: &PublicKey) -> Result<ipc::PersonView> {
    let known = tx.person(who)?.unwrap_or_else(|| PersonRecord::unknown(*who));
    let contact = tx.contact(who)?;
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let time = |at: u64| Some(at).filter(|at| *at > 0);
    let mut chats = Vec::new();
    if *who != me {
        for chat in tx.chats_of(who)? {
            chats.push(found(tx, chat)?.group.to_string());
        }
    }
    Ok(ipc::PersonView {
        pubkey: who.to_hex(),
        npub: npub(who),
        name: Names::new(tx, me).plain(who)?,
        nickname: contact.as_ref().map(|contact| contact.nickname.clone()).unwrap_or_default(),
        profile_name: known.name,
        about: known.about,
        picture: text(known.picture),
        website: text(known.website),
        address: text(known.address),
        address_state: address_state(known.address_state),
        address_at: time(known.address_at),
        looked_at: time(known.looked_at),
        is_me: *who == me,
        is_contact: contact.as_ref().is_some_and(|contact| contact.is_known()),
        is_blocked: contact.is_some_and(|contact| contact.blocked_at.is_some()),
        chats,
        conversation: pairs::conversation(tx, me, who)?.map(|chat| chat.group.to_string()),
    })
}

const fn address_state(state: AddressState) -> ipc::AddressState {
    match state {
        AddressState::Unknown => ipc::AddressState::Unknown,
        AddressState::Verified => ipc::AddressState::Verified,
        AddressState::Refuted => ipc::AddressState::Refuted,
    }
}
