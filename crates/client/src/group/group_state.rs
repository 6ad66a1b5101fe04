//! What a group is like, beyond its name and its members: how long messages stay, its picture, its relays, what it requires, its end.
//! It stages nothing itself.

use std::sync::Arc;

use murmel_engine::RoutingId;
use murmel_engine::components::{Avatar, GroupImage, LIFECYCLE, Picture, REQUIRED_IN_NEW_GROUPS};
use murmel_ipc::{self as ipc, ErrorCode};
use murmel_store::ChatId;

use crate::account::Account;
use crate::group::intent::Intent;
use crate::group::membership::{by_name, change};
use crate::message::send;
use crate::network::relays::MAX_RELAYS;
use crate::{Error, Result, views};

/// Sets after how many seconds messages disappear; 0 is never.
pub(crate) async fn set_retention(account: &Arc<Account>, chat: &str, seconds: u64) -> Result<()> {
    by_name(account, chat, Intent::SetRetention(seconds)).await
}

/// Sets the picture by URL, or takes it away.
pub(crate) async fn set_avatar(account: &Arc<Account>, chat: &str, avatar: Option<ipc::GroupAvatar>) -> Result<()> {
    let avatar = match avatar {
        None => Avatar::none(),
        Some(ipc::GroupAvatar { url, dimension, thumbhash }) => {
            Avatar::new(url.trim().to_owned(), dimension, thumbhash).ok_or_else(|| {
                Error::new(
                    ErrorCode::InvalidInput,
                    "The address of a picture has to begin with https:// and be at most 2,048 characters long, without a user name and without a # part.",
                )
            })?
        }
    };
    by_name(account, chat, Intent::SetAvatar(avatar.encode())).await
}

/// Sets the encrypted picture, or takes it away.
pub(crate) async fn set_image(account: &Arc<Account>, chat: &str, image: Option<ipc::GroupImage>) -> Result<()> {
    let image = match image {
        None => GroupImage::none(),
        Some(image) => picture(&image).and_then(GroupImage::new).ok_or_else(|| {
            Error::new(ErrorCode::InvalidInput, "A picture needs a hash, two keys, a nonce and a media type of the right form.")
        })?,
    };
    by_name(account, chat, Intent::SetImage(image.encode())).await
}

fn picture(image: &ipc::GroupImage) -> Option<Picture> {
    Some(Picture {
        hash: bytes(&image.hash)?,
        key: bytes(&image.key)?.into(),
        nonce: bytes(&image.nonce)?,
        upload_key: bytes(&image.upload_key)?.into(),
        media_type: image.media_type.clone(),
    })
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex::decode(text).ok()?.try_into().ok()
}

/// Moves the group to other relays. `new_tag`: under another `h` tag, too, so that the old relays cannot tell that it is the same group.
/// Members read the old relays on for five changes of the group.
pub(crate) async fn move_to(account: &Arc<Account>, chat: &str, relays: Vec<String>, new_tag: bool) -> Result<()> {
    if relays.is_empty() || relays.len() > MAX_RELAYS {
        return Err(Error::new(ErrorCode::InvalidInput, format!("A group needs between 1 and {MAX_RELAYS} relays.")));
    }
    let parse = |relay: &String| {
        murmel_net::RelayAddress::parse(relay.trim()).map(|relay| relay.as_str().to_owned()).map_err(|why| {
            Error::new(ErrorCode::InvalidInput, format!("{} is not the address of a relay ({why}).", crate::notices::one_line(relay, 80)))
        })
    };
    let relays = relays.iter().map(parse).collect::<Result<Vec<_>>>()?;
    let name = chat.to_owned();
    let known = account.db.read(move |tx, _| Ok::<_, Error>(views::find(tx, &name)?.routing)).await?;
    // A random 32 bytes; nobody can know beforehand which.
    let id = if new_tag { RoutingId::new(rand::random()) } else { known };
    by_name(account, chat, Intent::Reroute { id, relays }).await
}

/// Requires of everybody what new groups require, as far as this group does not yet. One change for each.
///
/// # Errors
/// `InvalidInput` where it is up to date, or a member's app lacks something; what was required until then stays.
pub(crate) async fn upgrade(account: &Arc<Account>, chat: &str) -> Result<()> {
    let (chat, missing) = missing(account, chat).await?;
    if missing.is_empty() {
        return Err(Error::new(ErrorCode::InvalidInput, "This group is up to date."));
    }
    for id in missing {
        change(account, chat, Intent::Require(id)).await?;
    }
    Ok(())
}

/// Ends the group for good: everybody is removed, and nobody can join it again. An older group first learns that it can be ended.
pub(crate) async fn end(account: &Arc<Account>, chat: &str) -> Result<()> {
    let (chat, missing) = missing(account, chat).await?;
    if missing.contains(&LIFECYCLE) {
        change(account, chat, Intent::Require(LIFECYCLE)).await?;
    }
    change(account, chat, Intent::Disband).await
}

/// What new groups require and this one does not; how it can be ended comes first.
async fn missing(account: &Arc<Account>, chat: &str) -> Result<(ChatId, Vec<u16>)> {
    let chat = chat.to_owned();
    account
        .db
        .write(move |tx, groups| {
            let chat = views::find(tx, &chat)?;
            send::sendable(&chat)?;
            let (group, _) = groups.get(tx, &chat.group)?.ok_or_else(|| Error::internal("a chat without its group"))?;
            let mut missing: Vec<u16> = REQUIRED_IN_NEW_GROUPS.into_iter().filter(|id| !group.requires(*id)).collect();
            missing.sort_by_key(|id| *id != LIFECYCLE);
            Ok((chat.id, missing))
        })
        .await
}
