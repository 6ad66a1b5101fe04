//! Owns the dialogs of the system: questions before something is lost, and where a file goes.
//! Never trusts the page with an answer.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use murmel_client::{Confirm, Question};
use murmel_ipc::{Language, SecretText};
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

/// What the dialog is called in which the person says where the sealed key goes.
pub const fn save_key(language: Language) -> &'static str {
    match language {
        Language::En => "Save the secret key",
        Language::Nl => "De geheime sleutel bewaren",
    }
}

/// Whether a recovery code may be replaced.
pub fn replace_recovery_code(language: Language) -> Question {
    match language {
        Language::En => question(
            "Make a new recovery code?",
            "This account has a recovery code. A new one takes its place: the one you wrote down opens nothing any more.",
            "Make a new code",
            "Keep the old one",
        ),
        Language::Nl => question(
            "Een nieuwe herstelcode maken?",
            "Dit account heeft een herstelcode. Een nieuwe komt ervoor in de plaats: de code die je hebt opgeschreven opent dan niets meer.",
            "Nieuwe code maken",
            "De oude houden",
        ),
    }
}

/// Whether a recovery code may be taken away.
pub fn remove_recovery_code(language: Language) -> Question {
    match language {
        Language::En => question(
            "Remove the recovery code?",
            "Without a recovery code nothing opens this account should the keychain or the passphrase be lost.",
            "Remove",
            "Keep it",
        ),
        Language::Nl => question(
            "De herstelcode weghalen?",
            "Zonder herstelcode opent niets dit account als de sleutelhanger of de wachtwoordzin verloren gaat.",
            "Weghalen",
            "Houden",
        ),
    }
}

/// Shows a new code, and asks whether the person has written it down.
pub fn new_recovery_code(code: &SecretText, language: Language) -> Question {
    match language {
        Language::En => question(
            "Your recovery code",
            &format!(
                "{}\n\nWrite it down on paper and keep it where nobody else looks. It opens this account on this computer where keychain or \
                 passphrase are lost. It is shown only now.",
                &**code
            ),
            "I have written it down",
            "Discard it",
        ),
        Language::Nl => question(
            "Je herstelcode",
            &format!(
                "{}\n\nSchrijf hem op papier en bewaar hem waar niemand anders kijkt. Hij opent dit account op deze computer als sleutelhanger \
                 of wachtwoordzin verloren is. Hij wordt alleen nu getoond.",
                &**code
            ),
            "Ik heb hem opgeschreven",
            "Weggooien",
        ),
    }
}

fn question(title: &str, text: &str, yes: &str, no: &str) -> Question {
    Question { title: title.to_owned(), text: text.to_owned(), yes: yes.to_owned(), no: no.to_owned() }
}
