//! Owns the verbs that change what a group is like: retention, picture, relays, requirements, end.
//! Never judges who may do what.

use std::io::BufRead as _;

use murmel_ipc::{ErrorCode, GroupAvatar, GroupDetails, GroupImage};

use super::profile::Open;
use crate::answer::Failure;
use crate::args::Group;

/// Longest line with a picture's keys, in bytes.
const LINE_CAP: u64 = 4_096;

/// Makes one of these changes; answers the group as it was.
///
/// # Errors
/// Those of the client.
pub async fn change(open: &Open, verb: Group) -> Result<GroupDetails, Failure> {
    let client = &open.client;
    match verb {
        Group::Retention { group, seconds } => {
            let group = open.group(&group).await?;
            client.set_retention(&group.id, seconds).await?;
            Ok(group)
        }
        Group::Avatar { group, url, dimension, thumbhash } => {
            let group = open.group(&group).await?;
            client.set_avatar(&group.id, url.map(|url| GroupAvatar { url, dimension, thumbhash })).await?;
            Ok(group)
        }
        Group::Image { group, remove } => {
            let group = open.group(&group).await?;
            client.set_image(&group.id, if remove { None } else { Some(image()?) }).await?;
            Ok(group)
        }
        Group::Move { group, urls, new_tag } => {
            let group = open.group(&group).await?;
            client.move_group(&group.id, urls, new_tag).await?;
            Ok(group)
        }
        Group::Upgrade { group } => {
            let group = open.group(&group).await?;
            client.upgrade_group(&group.id).await?;
            Ok(group)
        }
        Group::End { group, yes } => {
            let group = open.group(&group).await?;
            if !yes {
                return Err(Failure::usage("This ends the group for everybody and cannot be undone. Say --yes to do it."));
            }
            client.end_group(&group.id).await?;
            Ok(group)
        }
        _ => Err(Failure::internal("This verb changes nothing about a group.")),
    }
}

fn image() -> Result<GroupImage, Failure> {
    let mut line = String::new();
    let bad = |why: String| Failure::new(ErrorCode::InvalidInput, format!("The picture cannot be read from standard input: {why}"));
    std::io::Read::take(std::io::stdin().lock(), LINE_CAP).read_line(&mut line).map_err(|error| bad(error.to_string()))?;
    // The parser's words could repeat what was read, and that holds keys.
    serde_json::from_str(&line).map_err(|_| bad("it is not a JSON object with hash, key, nonce, upload_key and media_type.".to_owned()))
}
