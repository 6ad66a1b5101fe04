//! The person's choices.
//! It knows no relay and no key.

use std::sync::Arc;

use murmel_ipc as ipc;
use murmel_store::Tx;

use crate::account::Account;
use crate::{Error, Result};

/// What holds before anybody chose.
pub(crate) const DEFAULT: ipc::Settings = ipc::Settings { notification_text: true };

const NOTIFICATION_TEXT: &str = "notification_text";

pub(crate) async fn get(account: &Arc<Account>) -> Result<ipc::Settings> {
    account.db.read(|tx, _| read(tx)).await
}

/// The choices, inside a transaction.
pub(crate) fn read(tx: &Tx<'_>) -> Result<ipc::Settings> {
    let notification_text = tx.setting(NOTIFICATION_TEXT)?.map_or(DEFAULT.notification_text, |value| value == "true");
    Ok(ipc::Settings { notification_text })
}

pub(crate) async fn set(account: &Arc<Account>, settings: ipc::Settings) -> Result<()> {
    let text = settings.notification_text;
    account.db.write(move |tx, _| Ok::<_, Error>(tx.put_setting(NOTIFICATION_TEXT, if text { "true" } else { "false" })?)).await?;
    account.bus.emit(ipc::EventKind::Settings { settings });
    Ok(())
}
