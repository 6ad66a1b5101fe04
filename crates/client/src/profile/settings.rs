//! The person's choices.
//! It knows no relay and no key.

use std::sync::Arc;

use murmel_ipc::{self as ipc, WhoMayAdd};
use murmel_store::Tx;

use crate::account::Account;
use crate::{Error, Result};

/// What holds before anybody chose.
pub(crate) const DEFAULT: ipc::Settings = ipc::Settings { who_may_add_me: ipc::WhoMayAdd::Anyone };

const WHO_MAY_ADD_ME: &str = "who_may_add_me";

pub(crate) async fn get(account: &Arc<Account>) -> Result<ipc::Settings> {
    account.db.read(|tx, _| read(tx)).await
}

/// The choices, inside a transaction.
pub(crate) fn read(tx: &Tx<'_>) -> Result<ipc::Settings> {
    let who_may_add_me = match tx.setting(WHO_MAY_ADD_ME)?.as_deref() {
        Some("contacts") => WhoMayAdd::Contacts,
        Some("nobody") => WhoMayAdd::Nobody,
        _ => DEFAULT.who_may_add_me,
    };
    Ok(ipc::Settings { who_may_add_me })
}

pub(crate) async fn set(account: &Arc<Account>, settings: ipc::Settings) -> Result<()> {
    let who = match settings.who_may_add_me {
        WhoMayAdd::Anyone => "anyone",
        WhoMayAdd::Contacts => "contacts",
        WhoMayAdd::Nobody => "nobody",
    };
    account.db.write(move |tx, _| Ok::<_, Error>(tx.put_setting(WHO_MAY_ADD_ME, who)?)).await?;
    account.bus.emit(ipc::EventKind::Settings { settings });
    Ok(())
}
