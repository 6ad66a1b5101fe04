//! Logging out of an account: what it deletes, the question before, and the wiping.
//! It deletes nothing of another account, and nothing before the person has agreed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use murmel_ipc::{KeyPlace, Language, LogOutSummary, LoggedOut, NotLeft};
use murmel_store::ChatState;

use crate::account::Account;
use crate::confirm::{Confirm, Question};
use crate::group::membership;
use crate::keys::keychain::{self, Keychain};
use crate::keys::unlock;
use crate::profile::Profile;
use crate::profile::accounts::Standing;
use crate::profile::description::{DESCRIPTION, Description, RECOVERY, VAULT};
use crate::profile::home::{Home, disk, wipe_file};
use crate::{Error, Result};

/// How long relays may take to learn that groups are left.
const LEAVING: Duration = Duration::from_secs(20);

/// What logging out would delete.
pub(crate) async fn summary(profile: &Profile, named: Option<&str>) -> Result<LogOutSummary> {
    let npub = profile.npub(named)?;
    let name = profile.name(&npub);
    let Ok(account) = profile.account(Some(&npub)) else {
        return Ok(LogOutSummary { npub, name, messages: None, groups: None, unsent: None });
    };
    let (messages, groups, unsent) = account
        .db
        .read(|tx, _| {
            let chats = tx.chats()?;
            let groups = chats.iter().filter(|chat| chat.state == ChatState::Active).count();
            let mut messages = 0_u64;
            for chat in chats {
                messages = messages.saturating_add(tx.message_count(chat.id)?);
            }
            Ok::<_, Error>((messages, groups, tx.open_count()?))
        })
        .await?;
    let number = |count: u64| Some(u32::try_from(count).unwrap_or(u32::MAX));
    Ok(LogOutSummary {
        npub,
        name,
        messages: number(messages),
        groups: number(u64::try_from(groups).unwrap_or(u64::MAX)),
        unsent: number(unsent),
    })
}

/// Asks, leaves the groups where that is wanted, closes the account and wipes it.
pub(crate) async fn log_out(profile: &Arc<Profile>, named: Option<&str>, leave: bool, ask: &dyn Confirm) -> Result<LoggedOut> {
    let summary = summary(profile, named).await?;
    if !ask.confirm(&question(&summary, leave, profile.desk().language())).await {
        return Ok(LoggedOut { done: false, not_left: Vec::new() });
    }
    let npub = summary.npub;
    let not_left = match profile.account(Some(&npub)) {
        Ok(account) if leave => leave_groups(&account).await?,
        _ => Vec::new(),
    };
    let _turn = profile.turn().await?;
    if let Ok(account) = profile.account(Some(&npub)) {
        account.close().await;
    }
    let gone = match profile.home().retire_account(&npub) {
        Ok(gone) => gone,
        Err(error) => {
            // Everything is still there, closed.
            profile.put(&npub, Standing::Shut(unlock::locked(profile.home(), &npub)));
            profile.announce(&npub);
            return Err(error);
        }
    };
    profile.remove(&npub);
    wipe(profile.home(), profile.keychain(), &gone).await;
    profile.announce_session();
    Ok(LoggedOut { done: true, not_left })
}

/// Wipes an account that was taken away. What cannot be done now is done at the next start: the folder stays until all of it is.
pub(crate) async fn wipe(home: &Home, keychain: Option<&Arc<dyn Keychain>>, gone: &Path) {
    let wiped = async {
        wipe_files(gone)?;
        if let Some(description) = Description::read(gone) {
            for item in description.items() {
                let keychain = keychain.ok_or(keychain::KeychainError::Missing)?;
                keychain::remove(keychain, &item).await?;
            }
        }
        home.forget(gone)
    };
    if let Err(error) = wiped.await {
        tracing::warn!(code = ?error.code, "an account that was logged out is wiped at the next start");
    }
}

/// All but the description, which says what is in the keychain.
fn wipe_files(gone: &Path) -> Result<()> {
    for entry in std::fs::read_dir(gone).map_err(|error| disk(&error))? {
        let path = entry.map_err(|error| disk(&error))?.path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some(DESCRIPTION) => {}
            Some(name) if name.starts_with(VAULT) || name.starts_with(RECOVERY) => wipe_file(&path)?,
            _ => std::fs::remove_file(&path).map_err(|error| disk(&error))?,
        }
    }
    Ok(())
}

fn question(summary: &LogOutSummary, leave: bool, language: Language) -> Question {
    let LogOutSummary { npub, name, .. } = summary;
    let who = if name.is_empty() { npub.clone() } else { format!("{name} ({npub})") };
    let (title, text, yes, no) = match language {
        Language::En => (format!("Log out of {who}?"), in_english(summary, leave), "Log out and delete", "Cancel"),
        Language::Nl => (format!("Uitloggen bij {who}?"), in_dutch(summary, leave), "Uitloggen en wissen", "Annuleren"),
    };
    Question { title, text, yes: yes.to_owned(), no: no.to_owned() }
}

fn in_english(LogOutSummary { messages, groups, unsent, .. }: &LogOutSummary, leave: bool) -> String {
    let number = |count: Option<u32>, one: &str, many: &str| match count {
        None => format!("{many}: nobody can count them while the account is closed"),
        Some(1) => format!("1 {one}"),
        Some(count) => format!("{count} {many}"),
    };
    let mut text = format!(
        "This deletes from this computer, for good:\n\u{2022} {}\n\u{2022} {} and the keys that open them\n\u{2022} {}\n\u{2022} the secret key of the account\n\n",
        number(*messages, "message", "messages"),
        number(*groups, "group", "groups"),
        number(*unsent, "thing that no relay has yet", "things that no relay has yet"),
    );
    text.push_str(if leave {
        "The groups are left first. "
    } else {
        "The groups are not left: their members go on seeing the account in them. "
    });
    text.push_str("Without a backup of the secret key nobody can use this identity again. Export it first if you may need it.");
    text
}

fn in_dutch(LogOutSummary { messages, groups, unsent, .. }: &LogOutSummary, leave: bool) -> String {
    let number = |count: Option<u32>, one: &str, many: &str| match count {
        None => format!("{many}: niemand kan ze tellen zolang het account dicht is"),
        Some(1) => format!("1 {one}"),
        Some(count) => format!("{count} {many}"),
    };
    let mut text = format!(
        "Dit wist voorgoed van deze computer:\n\u{2022} {}\n\u{2022} {} en de sleutels die ze openen\n\u{2022} {}\n\u{2022} de geheime sleutel van het account\n\n",
        number(*messages, "bericht", "berichten"),
        number(*groups, "groep", "groepen"),
        number(*unsent, "ding dat nog geen relay heeft", "dingen die nog geen relay heeft"),
    );
    text.push_str(if leave {
        "Eerst worden de groepen verlaten. "
    } else {
        "De groepen worden niet verlaten: hun leden blijven het account daarin zien. "
    });
    text.push_str(
        "Zonder reservekopie van de geheime sleutel kan niemand deze identiteit nog gebruiken. Exporteer hem eerst als je hem nog nodig kunt hebben.",
    );
    text
}

async fn leave_groups(account: &Arc<Account>) -> Result<Vec<NotLeft>> {
    let active = |account: Arc<Account>| async move {
        let chats = account.db.read(|tx, _| {
            let chats = tx.chats()?.into_iter().filter(|chat| chat.state == ChatState::Active);
            Ok::<_, Error>(chats.map(|chat| (chat.group.to_string(), chat.name)).collect::<Vec<_>>())
        });
        chats.await
    };
    let mut not_left = Vec::new();
    let mut asked = Vec::new();
    for (chat, group) in active(Arc::clone(account)).await? {
        match membership::leave(account, &chat, None).await {
            Ok(()) => asked.push((chat, group)),
            Err(error) => not_left.push(NotLeft { group, reason: error.message }),
        }
    }
    // What was said has to be on a relay before the key that said it is gone.
    let mut answers = account.answers.subscribe();
    let published = async {
        while account.db.read(|tx, _| Ok::<_, Error>(tx.open_count()?)).await? > 0 {
            if answers.changed().await.is_err() {
                break;
            }
        }
        Ok::<_, Error>(())
    };
    let in_time = tokio::time::timeout(LEAVING, published).await.is_ok();
    let still = active(Arc::clone(account)).await?;
    let late = asked.into_iter().filter(|(chat, _)| !in_time || still.iter().any(|(other, _)| other == chat));
    not_left.extend(late.map(|(_, group)| NotLeft { group, reason: "No relay took it in time.".to_owned() }));
    Ok(not_left)
}

impl Description {
    /// Everything of the account that may be in the keychain.
    fn items(&self) -> Vec<String> {
        let mut items = self.old_items.clone();
        if self.key_place == KeyPlace::Keychain || self.item.is_some() {
            items.push(self.item().to_owned());
        }
        items
    }
}
