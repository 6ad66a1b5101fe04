//! Groups, their members and invitations.
//! Nothing is decided here.

use murmel_ipc as ipc;

use crate::group::{group_state, membership, requests};
use crate::{Client, Result, receive, views};

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
