//! Owns what leaves the window at a person's wish: a link that is opened, a text that is copied.
//! Never opens anything but a web page over TLS.

use murmel_ipc::{ErrorCode, IpcError};
use tauri::{State, Url};

use super::Answer;
use crate::shell::Shell;

/// Longest address that is opened, bytes.
const LINK_CAP: usize = 2_048;
/// Longest text that is put on the clipboard, bytes: a few hundred of the longest messages.
const COPY_CAP: usize = 8 * 1024 * 1024;

/// Opens a link in the person's browser. The window shows where it leads and asks first.
#[tauri::command]
pub async fn open_link(url: String) -> Answer<()> {
    let url = web_page(&url).ok_or_else(|| refused("Only addresses that begin with https:// can be opened."))?;
    open::that_detached(url.as_str()).map_err(|error| {
        tracing::warn!(%error, "no browser");
        IpcError {
            code: ErrorCode::Internal,
            message: "The link could not be opened, because no browser was found. Copy it instead.".to_owned(),
            retryable: true,
        }
    })
}

/// Puts a text on the clipboard; the window itself has no access to it.
#[tauri::command]
pub async fn copy_text(shell: State<'_, Shell>, text: String) -> Answer<()> {
    if text.len() > COPY_CAP {
        return Err(IpcError { code: ErrorCode::TooLarge, message: "This is too long for the clipboard.".to_owned(), retryable: false });
    }
    shell.copy(text)
}

fn refused(message: &str) -> IpcError {
    IpcError { code: ErrorCode::InvalidInput, message: message.to_owned(), retryable: false }
}

/// An address as it is handed to the browser: https, a host, no user or password in it, nothing that a shell or a desktop file would read
/// as something else.
fn web_page(text: &str) -> Option<Url> {
    if text.len() > LINK_CAP || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let plain = url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none();
    plain.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_over_tls_are_opened() {
        for bad in [
            "http://example.org/",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,hello",
            "https://",
            "https://user@example.org/",
            "https://user:word@example.org/",
            "https://example.org/a b",
            "https://example.org/\u{0}",
            "https://example.org/\r\nx",
            " https://example.org/",
            "--help",
            "smb://example.org/",
            "example.org",
            "",
            &format!("https://example.org/{}", "a".repeat(LINK_CAP)),
        ] {
            assert!(web_page(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_is_opened_is_written_in_plain_letters() {
        assert_eq!(web_page("HTTPS://Example.org/a?b=c#d").unwrap().as_str(), "https://example.org/a?b=c#d");
        // A name in other letters is what the browser would look up, and holds no quotes.
        assert_eq!(web_page("https://bücher.example/\"'$(x)").unwrap().host_str(), Some("xn--bcher-kva.example"));
        assert!(!web_page("https://example.org/\"`<>").unwrap().as_str().contains(['"', '`', '<', '>']));
    }
}
