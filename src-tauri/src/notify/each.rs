//! Owns the notifications of Windows and macOS, where the system asks for a waiting thread for each.
//! Never waits for more than [`AWAITED`] of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use murmel_client::Notice;
use murmel_ipc::NotificationServer;
use notify_rust::{Notification, NotificationResponse};

use super::{Goal, Reaction};

/// Notifications whose click is awaited; a click on one beyond them only dismisses it.
const AWAITED: usize = 32;

/// The way to the notifications of the system.
pub struct Screen {
    reacted: Arc<dyn Fn(Reaction) + Send + Sync>,
    awaited: Arc<AtomicUsize>,
}

impl Screen {
    /// Nothing has to be opened here: the system always has a server, and whether the person lets it show anything it does not say.
    ///
    /// # Errors
    /// None.
    pub fn open(reacted: impl Fn(Reaction) + Send + Sync + 'static) -> notify_rust::error::Result<Screen> {
        reacted(Reaction::Server(NotificationServer::Ready));
        Ok(Screen { reacted: Arc::new(reacted), awaited: Arc::default() })
    }

    /// Nothing: the handle of a notification belongs to the thread that waits for its click.
    ///
    /// # Errors
    /// None.
    pub fn withdraw(&self, _account: &str, _chat: &str) -> notify_rust::error::Result<()> {
        Ok(())
    }

    /// Shows a notice.
    ///
    /// # Errors
    /// The system refuses.
    pub fn show(&self, notice: &Notice) -> notify_rust::error::Result<()> {
        let handle = Notification::new().appname("Murmel").summary(&notice.title).body(&notice.body).show()?;
        if self.awaited.fetch_add(1, Ordering::Relaxed) >= AWAITED {
            self.awaited.fetch_sub(1, Ordering::Relaxed);
            return Ok(());
        }
        let (reacted, awaited, goal) = (Arc::clone(&self.reacted), Arc::clone(&self.awaited), Goal::of(notice));
        let thread = std::thread::Builder::new().name("notification".to_owned()).spawn(move || {
            let outcome = handle.wait_for_response(move |response: &NotificationResponse| {
                if response.is_default_action() {
                    reacted(Reaction::Open(goal));
                }
            });
            awaited.fetch_sub(1, Ordering::Relaxed);
            if let Err(error) = outcome {
                tracing::warn!(%error, "a click on a notification cannot be noticed");
            }
        });
        if let Err(error) = thread {
            self.awaited.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!(%error, "a click on a notification cannot be noticed");
        }
        Ok(())
    }
}
