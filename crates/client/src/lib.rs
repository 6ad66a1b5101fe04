//! The application of Murmel: one profile folder with at most one account, and everything a window or a terminal can ask of it.
//! It knows no window, no argument parser and no environment variable; it draws nothing and prints nothing.

mod account;
mod annotate;
mod bus;
mod changes;
mod chores;
mod clock;
mod deletion;
mod departures;
mod ending;
mod error;
mod expiry;
mod group_state;
mod groups;
mod home;
mod housekeeping;
mod identity;
mod inspection;
mod intent;
mod invitations;
mod invitees;
mod key_package;
mod keychain;
mod lists;
mod membership;
mod mentions;
mod notices;
mod options;
mod outbox;
mod pace;
mod people;
mod profile;
mod receive;
mod records;
mod rejoining;
mod relays;
mod requests;
mod rotation;
mod send;
mod settings;
mod setup;
mod sync;
#[cfg(test)]
mod testing;
mod timeline;
mod try_it;
mod unlock;
mod vault;
mod views;
mod wrap;

use std::sync::Arc;
use std::time::Duration;

use murmel_ipc as ipc;
use tokio::sync::mpsc;

pub use bus::Subscription;
pub use clock::Clock;
pub use error::Error;
pub use housekeeping::Housekeeping;
pub use inspection::{Branch, Carried, Standing};
pub use keychain::{Keychain, KeychainChoice, KeychainError, MockKeychain};
/// The relay inside this program, for `relay serve` and for tests.
pub use murmel_net::{EmbeddedRelay, EmbeddedRelayError};
/// What carries frames in a simulation.
pub use murmel_net::{Frame, Line, Wire};
pub use notices::Notice;
pub use options::{DEFAULT_RELAYS, LOOKUP_RELAYS, Options};
pub use pace::Pace;
pub use records::Record;
pub use sync::Settled;
pub use wrap::open as open_gift_wrap;

use profile::Profile;

/// What every call returns.
pub type Result<T> = std::result::Result<T, Error>;

/// One open profile folder. A cheap handle: clones share the profile.
///
/// Every function has to be called inside a tokio runtime.
#[derive(Clone)]
pub struct Client {
    profile: Arc<Profile>,
}

/// Life of the profile.
impl Client {
    /// Takes the profile's lock and opens the account where there is one.
    ///
    /// A missing key, a locked keychain or a vault that waits for its passphrase is not an error but a [`ipc::Session`].
    ///
    /// # Errors
    /// `AlreadyRunning` where another process (or another handle of this one) has the folder open; `DiskFull` and `Storage`
    /// where the folder cannot be used.
    pub async fn open(options: Options) -> Result<Client> {
        Ok(Client { profile: Profile::open(options).await? })
    }

    /// The state now, and every change from then on. A reader that falls behind is dropped: its channel closes, subscribe again.
    ///
    /// # Errors
    /// `Storage` where the state cannot be read.
    pub async fn subscribe(&self) -> Result<Subscription> {
        self.profile.subscribe().await
    }

    /// Where the profile stands.
    pub fn session(&self) -> ipc::Session {
        self.profile.session()
    }

    /// Notifications to show, already decided, capped and free of control characters. The newest caller gets them.
    pub fn notices(&self) -> mpsc::Receiver<Notice> {
        self.profile.attention().listen()
    }

    /// Stops the background tasks, closes the database and frees the lock. Further calls fail with `NoAccount`.
    pub async fn close(&self) {
        self.profile.close().await;
    }
}

/// Identity.
impl Client {
    /// What a pasted key is, before it is imported. Nothing is kept of it.
    ///
    /// # Errors
    /// `InvalidKey` with a hint at what is wrong with it, `WrongPassword`.
    pub async fn inspect_key(&self, key: &str, password: Option<&str>) -> Result<ipc::KeyPreview> {
        identity::inspect(&self.profile, key, password).await
    }

    /// Whom a text names.
    ///
    /// # Errors
    /// `InvalidPerson`.
    pub async fn inspect_person(&self, text: &str) -> Result<ipc::PersonPreview> {
        people::inspect(&self.profile, text).await
    }

    /// Creates a key and makes it this profile's account. Needs no network.
    ///
    /// # Errors
    /// `AccountExists`, `KeychainMissing`, `KeychainLocked`, `DiskFull`, `Storage`.
    pub async fn create_identity(&self, args: ipc::NewIdentity) -> Result<ipc::Session> {
        identity::create(&self.profile, args).await
    }

    /// Makes an existing key this profile's account. Needs no network.
    ///
    /// # Errors
    /// As [`Client::create_identity`], and `InvalidKey`, `PasswordNeeded`, `WrongPassword`.
    pub async fn import_identity(&self, args: ipc::ImportIdentity) -> Result<ipc::Session> {
        identity::import(&self.profile, args).await
    }

    /// Opens a vault with its passphrase, or asks a keychain again that refused (the passphrase is ignored then).
    ///
    /// # Errors
    /// `WrongPassword`, `KeychainLocked`, `KeyMissing`, `NoAccount`, `Storage`.
    pub async fn unlock(&self, args: ipc::Unlock) -> Result<ipc::Session> {
        unlock::unlock(&self.profile, args).await
    }

    /// Starts a relay on this computer, a throw-away account and a companion that answers.
    ///
    /// # Errors
    /// `AccountExists` unless the profile is at its first run.
    pub async fn try_it(&self) -> Result<ipc::Session> {
        try_it::start(&self.profile).await
    }

    /// Stops what [`Client::try_it`] started and deletes every trace of it.
    ///
    /// # Errors
    /// `NotFound` where nothing was started.
    pub async fn remove_try_it(&self) -> Result<ipc::Session> {
        try_it::remove(&self.profile).await
    }
}

/// Groups and their members. Every change returns when at least one relay has acknowledged the commit and it is merged; an error
/// says why not, and then nothing changed. One exception: after `Offline` the change is kept, and is made as soon as a relay can be
/// reached. All fail with `NoAccount` where no account is open.
impl Client {
    /// Creates a group with those people that can be invited.
    ///
    /// # Errors
    /// `TooLarge` for a name or description beyond the limits.
    pub async fn create_group(&self, args: ipc::NewGroup) -> Result<ipc::GroupCreated> {
        membership::create(&self.account()?, args).await
    }

    /// All groups, newest activity first.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn groups(&self) -> Result<Vec<ipc::GroupDetails>> {
        views::groups(&self.account()?).await
    }

    /// One group. `chat` is an [`ipc::ChatRow::id`].
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn group(&self, chat: &str) -> Result<ipc::GroupDetails> {
        views::group(&self.account()?, chat).await
    }

    /// Invites people to a group; those that could not be invited come back with the reason.
    ///
    /// # Errors
    /// `NotAdmin`, `GroupInactive`, `Busy`, `Offline`, `RelayRefused`.
    pub async fn invite(&self, chat: &str, people: Vec<String>) -> Result<Vec<ipc::NotInvited>> {
        membership::invite(&self.account()?, chat, people).await
    }

    /// Removes a member.
    ///
    /// # Errors
    /// As [`Client::invite`], and `NotFound`.
    pub async fn remove_member(&self, chat: &str, person: &str) -> Result<()> {
        membership::remove(&self.account()?, chat, person).await
    }

    /// Makes a member an admin.
    ///
    /// # Errors
    /// As [`Client::remove_member`].
    pub async fn promote(&self, chat: &str, person: &str) -> Result<()> {
        membership::promote(&self.account()?, chat, person).await
    }

    /// Makes an admin an ordinary member.
    ///
    /// # Errors
    /// As [`Client::remove_member`], and `LastAdmin`.
    pub async fn demote(&self, chat: &str, person: &str) -> Result<()> {
        membership::demote(&self.account()?, chat, person).await
    }

    /// Gives the group another name.
    ///
    /// # Errors
    /// As [`Client::invite`], and `TooLarge`.
    pub async fn rename(&self, chat: &str, name: &str) -> Result<()> {
        membership::rename(&self.account()?, chat, name).await
    }

    /// Gives the group another description.
    ///
    /// # Errors
    /// As [`Client::rename`].
    pub async fn describe(&self, chat: &str, text: &str) -> Result<()> {
        membership::describe(&self.account()?, chat, text).await
    }

    /// Leaves the group; another member has to confirm it. An admin steps down first; `successor`, a member, becomes an admin in the
    /// same step.
    ///
    /// # Errors
    /// `LastAdmin` where the account is the only admin and names no successor; `NotFound` where the successor is no member.
    pub async fn leave(&self, chat: &str, successor: Option<&str>) -> Result<()> {
        membership::leave(&self.account()?, chat, successor).await
    }

    /// Sets after how many seconds messages disappear; 0 is never. It holds for messages that are sent from then on.
    ///
    /// # Errors
    /// As [`Client::invite`], and `InvalidInput` where nothing changes.
    pub async fn set_retention(&self, chat: &str, seconds: u64) -> Result<()> {
        group_state::set_retention(&self.account()?, chat, seconds).await
    }

    /// Sets the group's picture by URL, or takes it away.
    ///
    /// # Errors
    /// As [`Client::set_retention`], and `InvalidInput` for a URL that is not https or not in its normal form.
    pub async fn set_avatar(&self, chat: &str, avatar: Option<ipc::GroupAvatar>) -> Result<()> {
        group_state::set_avatar(&self.account()?, chat, avatar).await
    }

    /// Sets the group's encrypted picture, which is on a Blossom server already, or takes it away.
    ///
    /// # Errors
    /// As [`Client::set_retention`], and `InvalidInput` for a hash, key, nonce or media type of the wrong form.
    pub async fn set_image(&self, chat: &str, image: Option<ipc::GroupImage>) -> Result<()> {
        group_state::set_image(&self.account()?, chat, image).await
    }

    /// Moves the group to these relays and no others. `new_tag`: under another `h` tag, too. Members read the old ones on for five
    /// changes of the group.
    ///
    /// # Errors
    /// As [`Client::set_retention`], and `InvalidInput` for no relay, too many, or what is no relay address.
    pub async fn move_group(&self, chat: &str, relays: Vec<String>, new_tag: bool) -> Result<()> {
        group_state::move_to(&self.account()?, chat, relays, new_tag).await
    }

    /// Requires of all members what new groups require, where an older group does not yet.
    ///
    /// # Errors
    /// As [`Client::invite`], and `InvalidInput` where the group is up to date or a member's app lacks something.
    pub async fn upgrade_group(&self, chat: &str) -> Result<()> {
        group_state::upgrade(&self.account()?, chat).await
    }

    /// Ends the group for good: everybody is removed, and nobody can join it again. The history stays with those who have it.
    ///
    /// # Errors
    /// As [`Client::upgrade_group`].
    pub async fn end_group(&self, chat: &str) -> Result<()> {
        group_state::end(&self.account()?, chat).await
    }

    /// How races between changes of the group ended, newest first; for a report, it holds no key and no word of the conversation.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn races(&self, chat: &str) -> Result<Vec<ipc::Race>> {
        receive::races(&self.account()?, chat).await
    }

    /// Invitations that wait, newest first.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn requests(&self) -> Result<Vec<ipc::RequestView>> {
        requests::list(&self.account()?).await
    }

    /// Joins the group of an invitation; returns the chat.
    ///
    /// # Errors
    /// `NotFound`, `InvalidInput` where the welcome cannot be used.
    pub async fn accept(&self, request: &str) -> Result<String> {
        requests::accept(&self.account()?, request).await
    }

    /// Puts an invitation aside; nobody is told.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn decline(&self, request: &str) -> Result<()> {
        requests::decline(&self.account()?, request).await
    }
}

/// Messages.
impl Client {
    /// Up to `limit` rows that are older than `before` (the newest for `None`), oldest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn timeline(&self, chat: &str, before: Option<ipc::Cursor>, limit: u32) -> Result<ipc::TimelinePage> {
        timeline::page(&self.account()?, chat, before, limit).await
    }

    /// Every message of a chat as the wire has it, the newest `limit`, oldest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn records(&self, chat: &str, limit: u32) -> Result<Vec<Record>> {
        records::list(&self.account()?, chat, limit).await
    }

    /// One message as the wire has it; `None` for rows of the timeline that were never on the wire.
    ///
    /// # Errors
    /// `NoAccount`.
    pub async fn record(&self, message: i64) -> Result<Option<Record>> {
        records::get(&self.account()?, message).await
    }

    /// The message of a chat that has this event id, 64 hex digits; `None` where it is not here.
    ///
    /// # Errors
    /// `NotFound` for the chat.
    pub async fn record_by_event(&self, chat: &str, event: &str) -> Result<Option<Record>> {
        records::by_event(&self.account()?, chat, event).await
    }

    /// Encrypts and keeps a text for sending. When it returns, the message survives a crash.
    ///
    /// # Errors
    /// `NotFound`, `GroupInactive`, `TooLarge`, `DiskFull`.
    pub async fn send(&self, args: ipc::SendMessage) -> Result<ipc::MessageView> {
        send::send(&self.account()?, args).await
    }

    /// Reacts to a message with an emoji or a short text; the same one a second time changes nothing.
    ///
    /// # Errors
    /// `NotFound` for a message that is not here or deleted, `InvalidInput`, `GroupInactive`.
    pub async fn react(&self, message: i64, emoji: &str) -> Result<()> {
        annotate::react(&self.account()?, message, emoji).await
    }

    /// Takes a reaction of the account's own back.
    ///
    /// # Errors
    /// `NotFound` where there is none, `GroupInactive`.
    pub async fn unreact(&self, message: i64, emoji: &str) -> Result<()> {
        annotate::unreact(&self.account()?, message, emoji).await
    }

    /// Replaces the text of a message of the account's own. What it said before stays readable: see [`Client::history`].
    ///
    /// # Errors
    /// As [`Client::send`], and `InvalidInput` for a message of somebody else.
    pub async fn edit(&self, message: i64, text: &str) -> Result<()> {
        annotate::edit(&self.account()?, message, text.to_owned()).await
    }

    /// Deletes a message for everybody: one of the account's own, or, as an admin, anybody's.
    ///
    /// # Errors
    /// `NotAdmin`, `NotFound` for a message that is not here or deleted already, `GroupInactive`.
    pub async fn delete_message(&self, message: i64) -> Result<()> {
        annotate::delete(&self.account()?, message).await
    }

    /// Every text that a message had, the first one first; empty where it is deleted.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn history(&self, message: i64) -> Result<Vec<ipc::Revision>> {
        annotate::history(&self.account()?, message).await
    }

    /// Tries a failed message again: the same bytes, to the relays that have not accepted it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn retry(&self, message: i64) -> Result<()> {
        outbox::retry(&self.account()?, message).await
    }

    /// What each relay said of an own message.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn delivery(&self, message: i64) -> Result<Vec<ipc::Delivery>> {
        outbox::delivery(&self.account()?, message).await
    }

    /// Marks everything up to and including a message as read.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn mark_read(&self, chat: &str, message: i64) -> Result<()> {
        timeline::mark_read(&self.account()?, chat, message).await
    }
}

/// Settings, relays and the network.
impl Client {
    /// The person's choices.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn settings(&self) -> Result<ipc::Settings> {
        settings::get(&self.account()?).await
    }

    /// Replaces the person's choices.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn set_settings(&self, settings: ipc::Settings) -> Result<()> {
        settings::set(&self.account()?, settings).await
    }

    /// The relays on which people reach this account.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn relays(&self) -> Result<Vec<String>> {
        relays::list(&self.account()?).await
    }

    /// Replaces the relays on which people reach this account, and publishes the change. Entries that other clients put into the
    /// published lists stay.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is no relay address, or none at all.
    pub async fn set_relays(&self, relays: Vec<String>) -> Result<()> {
        relays::set(&self.account()?, relays).await
    }

    /// Tries the failed steps of the network set-up at once.
    ///
    /// # Errors
    /// `NoAccount`.
    pub async fn retry_setup(&self) -> Result<()> {
        setup::retry(&self.account()?);
        Ok(())
    }

    /// Which chat is on the screen.
    pub async fn set_open_chat(&self, chat: Option<String>) {
        self.profile.attention().set_open_chat(chat);
    }

    /// Whether the window has the focus.
    pub async fn set_focused(&self, focused: bool) {
        self.profile.attention().set_focused(focused);
    }

    /// Waits until the set-up is done, the backlog is fetched and everything queued is on a relay, or until `timeout` is over.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn settle(&self, timeout: Duration) -> Result<Settled> {
        sync::settle(&self.account()?, timeout).await
    }
}

/// For simulations and tests.
impl Client {
    /// Where the account stands in a group; `None` where it has no state of it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn branch(&self, chat: &str) -> Result<Option<Branch>> {
        inspection::branch(&self.account()?, chat).await
    }

    /// Every message of a chat as the database has it, in the order of arrival.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn carried(&self, chat: &str) -> Result<Vec<Carried>> {
        inspection::carried(&self.account()?, chat).await
    }
}

impl Client {
    fn account(&self) -> Result<Arc<account::Account>> {
        self.profile.account()
    }
}
