//! Owns the number of unread messages outside of the window: on the tray and on the icon of the app.
//! Never counts anything: the client does.

use std::collections::BTreeMap;

use murmel_client::{Client, Subscription};
use murmel_ipc::{AccountEntry, EventKind, Notifications};
use tauri::{AppHandle, Manager};

use crate::tray::Tray;
use crate::window;

/// Follows the client until it closes.
pub fn start(app: &AppHandle, client: &Client) {
    let (app, client) = (app.clone(), client.clone());
    tauri::async_runtime::spawn(async move {
        // A reader that fell behind subscribes again; one that cannot is at the end.
        while let Ok(Subscription { snapshot, mut events }) = client.subscribe().await {
            let mut count = Count::of(snapshot.accounts);
            show(&app, count.unread(), &client.notifications());
            while let Some(event) = events.recv().await {
                match event.kind {
                    EventKind::Account { entry } => count.put(entry),
                    EventKind::Session { .. } => count = Count::of(client.accounts()),
                    EventKind::Notifications { .. } => {}
                    _ => continue,
                }
                show(&app, count.unread(), &client.notifications());
            }
        }
        show(&app, 0, &Notifications::default());
    });
}

fn show(app: &AppHandle, unread: u32, notifications: &Notifications) {
    let unread = if notifications.choices.badge { unread } else { 0 };
    app.state::<Tray>().show(unread, notifications.paused_until.is_some());
    window::set_badge(app, unread);
}

/// Unread messages by account.
#[derive(Default)]
struct Count(BTreeMap<String, u32>);

impl Count {
    fn of(entries: Vec<AccountEntry>) -> Count {
        let mut count = Count::default();
        entries.into_iter().for_each(|entry| count.put(entry));
        count
    }

    fn put(&mut self, entry: AccountEntry) {
        self.0.insert(entry.npub, entry.unread);
    }

    fn unread(&self) -> u32 {
        self.0.values().fold(0, |sum, unread| sum.saturating_add(*unread))
    }
}

#[cfg(test)]
mod tests {
    use murmel_ipc::AccountState;

    use super::*;

    fn entry(npub: &str, unread: u32) -> AccountEntry {
        AccountEntry { npub: npub.to_owned(), name: String::new(), state: AccountState::Open, unread }
    }

    #[test]
    fn all_accounts_count_and_each_once() {
        let mut count = Count::of(vec![entry("a", 2), entry("b", 3)]);
        count.put(entry("a", 1));
        assert_eq!(count.unread(), 4);
        count.put(entry("b", u32::MAX));
        assert_eq!(count.unread(), u32::MAX);
    }
}
