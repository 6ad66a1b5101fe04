//! Owns the dialogs of the system: questions before something is lost, and where a file goes.
//! Never trusts the page with an answer.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use murmel_client::{Confirm, Question};
use murmel_ipc::SecretText;
use tauri::AppHandle;
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};
use tokio::sync::oneshot;

/// Asks in a dialog of the system.
pub struct Native {
    app: AppHandle,
}

impl Native {
    /// Dialogs of this app.
    pub fn new(app: &AppHandle) -> Native {
        Native { app: app.clone() }
    }
}

impl Confirm for Native {
    fn confirm<'a>(&'a self, question: &'a Question) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            let (answered, answer) = oneshot::channel();
            self.app
                .dialog()
                .message(&question.text)
                .title(&question.title)
                .kind(MessageDialogKind::Warning)
                .buttons(MessageDialogButtons::OkCancelCustom(question.yes.clone(), question.no.clone()))
                .show(move |yes| {
                    let _ = answered.send(yes);
                });
            // A dialog that was closed in another way is a no.
            answer.await.unwrap_or(false)
        })
    }
}

/// Where the person wants a file; `None` where nowhere.
pub async fn where_to_save(app: &AppHandle, title: &str, name: &str) -> Option<PathBuf> {
    let (answered, answer) = oneshot::channel();
    app.dialog().file().set_title(title).set_file_name(name).save_file(move |path| drop(answered.send(path)));
    answer.await.ok().flatten()?.into_path().ok()
}

/// Whether a recovery code may be replaced.
pub async fn replace_recovery_code(ask: &impl Confirm) -> bool {
    let text = "This account has a recovery code. A new one takes its place: the one you wrote down opens nothing any more.";
    ask.confirm(&question("Make a new recovery code?", text, "Make a new code", "Keep the old one")).await
}

/// Whether a recovery code may be taken away.
pub async fn remove_recovery_code(ask: &impl Confirm) -> bool {
    let text = "Without a recovery code nothing opens this account should the keychain or the passphrase be lost.";
    ask.confirm(&question("Remove the recovery code?", text, "Remove", "Keep it")).await
}

/// Shows a new code. Whether the person has written it down.
pub async fn show_recovery_code(ask: &impl Confirm, code: SecretText) -> bool {
    let text = format!(
        "{}\n\nWrite it down on paper and keep it where nobody else looks. It opens this account on this computer where keychain or \
         passphrase are lost. It is shown only now.",
        &*code
    );
    ask.confirm(&question("Your recovery code", &text, "I have written it down", "Discard it")).await
}

fn question(title: &str, text: &str, yes: &str, no: &str) -> Question {
    Question { title: title.to_owned(), text: text.to_owned(), yes: yes.to_owned(), no: no.to_owned() }
}
