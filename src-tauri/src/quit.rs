//! Owns the end of the app: closing the window hides it where a tray brings it back, and quitting asks where something was not sent.
//! Never waits for the network.

use murmel_client::{Confirm, Question};
use murmel_ipc::Language;
use tauri::{AppHandle, CloseRequestApi, Manager};

use crate::ask::Native;
use crate::shell::Shell;
use crate::tray::Tray;
use crate::window;

/// The person closes the window.
pub fn close_requested(app: &AppHandle, api: &CloseRequestApi) {
    api.prevent_close();
    let hidden = app.state::<Tray>().is_there() && window::main(app).is_some_and(|window| window.hide().is_ok());
    if !hidden {
        ask(app);
    }
}

/// Ends the app; where something was not sent yet, after asking.
pub fn ask(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let (unsent, language) = match app.state::<Shell>().opened_client() {
            Some(client) => (client.unsent().await.unwrap_or(0), client.language()),
            None => (0, Language::En),
        };
        if unsent == 0 || Native::new(&app).confirm(&question(unsent, language)).await {
            app.exit(0);
        }
    });
}

fn question(unsent: u64, language: Language) -> Question {
    let (title, text, yes, no) = match language {
        Language::En => {
            let what = if unsent == 1 { "One message or change has".to_owned() } else { format!("{unsent} messages or changes have") };
            let text = format!("{what} not been sent yet. Nothing is lost: it goes out when Murmel runs again and reaches a relay.");
            ("Quit Murmel?", text, "Quit", "Keep running")
        }
        Language::Nl => {
            let what =
                if unsent == 1 { "Eén bericht of wijziging is".to_owned() } else { format!("{unsent} berichten of wijzigingen zijn") };
            let text =
                format!("{what} nog niet verstuurd. Er gaat niets verloren: het gaat weg zodra Murmel weer draait en een relay bereikt.");
            ("Murmel stoppen?", text, "Stoppen", "Blijven draaien")
        }
    };
    Question { title: title.to_owned(), text, yes: yes.to_owned(), no: no.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_says_how_much_waits() {
        assert!(question(1, Language::En).text.starts_with("One message or change has not been sent yet."));
        assert!(question(7, Language::En).text.starts_with("7 messages or changes have not been sent yet."));
        assert!(question(1, Language::Nl).text.starts_with("Eén bericht of wijziging is nog niet verstuurd."));
    }
}
