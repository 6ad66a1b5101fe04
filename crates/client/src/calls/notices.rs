//! What is announced on the desktop.
//! Nothing is decided here.

use murmel_ipc as ipc;
use tokio::sync::mpsc;

use crate::{Announcement, Client, Result, notices};

/// Notifications, of all accounts.
impl Client {
    /// What to show and what to take back, already decided, capped and free of control characters. The newest caller gets it.
    pub fn notices(&self) -> mpsc::Receiver<Announcement> {
        self.profile.desk().listen()
    }

    /// Whether the window has the focus.
    pub async fn set_focused(&self, focused: bool) {
        self.profile.desk().set_focused(focused);
    }

    /// In which language notices and questions speak from now on; English before. The window says it, and so it is not kept.
    pub fn set_language(&self, language: ipc::Language) {
        self.profile.desk().set_language(language);
    }

    /// In which language notices and questions speak.
    pub fn language(&self) -> ipc::Language {
        self.profile.desk().language()
    }

    /// How notifications stand.
    pub fn notifications(&self) -> ipc::Notifications {
        self.profile.notifications()
    }

    /// Replaces what was chosen for notifications.
    ///
    /// # Errors
    /// `InvalidInput` for hours that no clock shows, `DiskFull`, `Storage`.
    pub async fn set_notifications(&self, choices: ipc::NotificationChoices) -> Result<()> {
        notices::choose(&self.profile, choices)
    }

    /// No notifications for a time; `None` ends that.
    ///
    /// # Errors
    /// `DiskFull`, `Storage`.
    pub async fn pause_notifications(&self, how_long: Option<ipc::PauseFor>) -> Result<()> {
        notices::pause(&self.profile, how_long)
    }

    /// Whether the system shows notifications, as whoever shows them has found out.
    pub fn set_notification_server(&self, server: ipc::NotificationServer) {
        notices::set_server(&self.profile, server);
    }
}
