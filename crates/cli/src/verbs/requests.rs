//! Owns the verbs of invitations: list, accept, decline.
//! Never accepts one that was not named.

use murmel_ipc::RequestView;
use serde_json::json;

use super::Outcome;
use super::profile::{Open, pick};
use crate::answer::{Answer, Failure};
use crate::args::Requests;

/// Runs one of the verbs.
///
/// # Errors
/// Those of the client.
pub async fn run(open: &Open, verb: Requests) -> Outcome {
    open.catch_up().await?;
    match verb {
        Requests::List => list(open).await,
        Requests::Accept { id } => {
            let request = find(open, &id).await?;
            let chat = open.client.accept(&request.id).await?;
            open.catch_up().await?;
            let group = open.client.group(&chat).await?;
            let text = format!("Joined {:?}, id {chat}.", group.name);
            Ok(Some(Answer::new(json!({ "id": chat, "name": group.name, "epoch": group.epoch }), text)))
        }
        Requests::Decline { id } => {
            let request = find(open, &id).await?;
            open.client.decline(&request.id).await?;
            Ok(Some(Answer::new(json!({ "id": request.id }), "Declined.")))
        }
    }
}

async fn list(open: &Open) -> Outcome {
    let requests = open.client.requests().await?;
    let text = if requests.is_empty() { "No invitations.".to_owned() } else { requests.iter().map(row).collect::<Vec<_>>().join("\n") };
    Ok(Some(Answer::new(json!({ "requests": requests }), text)))
}

fn row(request: &RequestView) -> String {
    format!("{}  {:?} from {} ({} members)", request.id, request.group_name, request.inviter_npub, request.members)
}

async fn find(open: &Open, id: &str) -> Result<RequestView, Failure> {
    pick(open.client.requests().await?, id, |request| &request.id, |_| false, "invitation")
}
