//! Owns what the parts of the shell share: the client once it is open, and the bridge to the window.
//! Never holds state of a chat.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arboard::Clipboard;
use murmel_client::Client;
use murmel_ipc::{ErrorCode, IpcError};
use tokio::sync::watch;

use crate::bridge::Bridge;

/// How long the end of the app waits for the client to put its things away.
const CLOSING: Duration = Duration::from_secs(5);

/// Shared by commands, notifications and window events.
pub struct Shell {
    client: watch::Sender<Option<Client>>,
    focused: Arc<AtomicBool>,
    /// Made at first use and kept: on X11 the text is gone when its owner is.
    clipboard: Mutex<Option<Clipboard>>,
    /// The way of events to the window.
    pub bridge: Bridge,
}

impl Shell {
    /// Nothing is open yet.
    pub fn new() -> Shell {
        Shell { client: watch::Sender::new(None), focused: Arc::default(), clipboard: Mutex::new(None), bridge: Bridge::default() }
    }

    /// The profile is open: commands that wait go on.
    pub async fn opened(&self, client: Client) {
        client.set_focused(self.focused.load(Ordering::Relaxed)).await;
        self.client.send_replace(Some(client));
    }

    /// The client; waits while the profile is being opened.
    ///
    /// # Errors
    /// [`ErrorCode::NoAccount`] when the app ends before the profile is open.
    pub async fn client(&self) -> Result<Client, IpcError> {
        let mut seen = self.client.subscribe();
        let opened = seen.wait_for(Option::is_some).await.ok().and_then(|client| client.clone());
        opened.ok_or_else(|| IpcError { code: ErrorCode::NoAccount, message: "The profile is not open.".to_owned(), retryable: true })
    }

    /// The client, if it is open already.
    pub fn opened_client(&self) -> Option<Client> {
        self.client.borrow().clone()
    }

    /// Whether somebody looks at the window; decides over notifications.
    pub fn set_focused(&self, focused: bool) {
        self.focused.store(focused, Ordering::Relaxed);
        if let Some(client) = self.opened_client() {
            // Read when it runs: whatever the order of two such tasks, the last word is the newest.
            let focused = Arc::clone(&self.focused);
            tauri::async_runtime::spawn(async move { client.set_focused(focused.load(Ordering::Relaxed)).await });
        }
    }

    /// Puts a text on the clipboard.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] where the system offers no clipboard.
    pub fn copy(&self, text: String) -> Result<(), IpcError> {
        let mut slot = self.clipboard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut clipboard = match slot.take() {
            Some(clipboard) => clipboard,
            None => Clipboard::new().map_err(no_clipboard)?,
        };
        clipboard.set_text(text).map_err(no_clipboard)?;
        *slot = Some(clipboard);
        Ok(())
    }

    /// Ends the client before the process ends.
    pub fn close(&self) {
        let client = self.client.send_replace(None);
        if let Some(client) = client {
            tauri::async_runtime::block_on(async {
                if tokio::time::timeout(CLOSING, client.close()).await.is_err() {
                    tracing::warn!("the client took too long to close");
                }
            });
        }
    }
}

fn no_clipboard(error: arboard::Error) -> IpcError {
    let message = format!("The clipboard cannot be used: {error}. Select the text and copy it by hand.");
    IpcError { code: ErrorCode::Internal, message, retryable: true }
}
