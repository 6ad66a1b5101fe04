//! Owns the one window: how it is made, what it may load, how it comes to the front.
//! Never lets it leave the app's own pages.

use tauri::utils::config::WindowConfig;
use tauri::webview::NewWindowResponse;
use tauri::{App, AppHandle, Manager, Url, UserAttentionType, WebviewWindow, WebviewWindowBuilder};

/// The label of the window, as in the configuration and the capability.
pub const MAIN: &str = "main";

/// How the window first appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// On the screen.
    Shown,
    /// In the task bar.
    Minimized,
    /// Not at all: the tray brings it.
    Hidden,
}

/// Makes the window.
///
/// # Errors
/// The system cannot make one, for instance because there is no display.
pub fn open(app: &App, first: First) -> tauri::Result<()> {
    let config = app.config().app.windows.iter().find(|window| window.label == MAIN).cloned();
    let config = config.unwrap_or_else(|| WindowConfig { label: MAIN.to_owned(), ..WindowConfig::default() });
    let window = WebviewWindowBuilder::from_config(app.handle(), &config)?
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .visible(first != First::Hidden)
        .focused(first == First::Shown)
        .build()?;
    if first == First::Minimized {
        window.minimize()?;
    }
    Ok(())
}

/// The window, as long as there is one.
pub fn main(app: &AppHandle) -> Option<WebviewWindow> {
    app.get_webview_window(MAIN)
}

/// Lets the entry in the task bar call for attention, unless somebody looks at the window.
pub fn call_for_attention(app: &AppHandle, wanted: bool) {
    let Some(window) = main(app).filter(|window| wanted && !window.is_focused().unwrap_or(false)) else { return };
    if let Err(error) = window.request_user_attention(Some(UserAttentionType::Informational)) {
        tracing::debug!(%error, "the task bar cannot call for attention");
    }
}

/// The number on the icon of the app; none where it is 0. Only some desktops have a place for it.
pub fn set_badge(app: &AppHandle, unread: u32) {
    let Some(window) = main(app) else { return };
    let count = Some(i64::from(unread)).filter(|count| *count > 0);
    if let Err(error) = window.set_badge_count(count) {
        tracing::debug!(%error, "the icon shows no number");
    }
}

/// Brings the window to the front.
pub fn show(app: &AppHandle) {
    let Some(window) = main(app) else { return };
    for (what, outcome) in [("show", window.show()), ("unminimize", window.unminimize()), ("focus", window.set_focus())] {
        if let Err(error) = outcome {
            tracing::warn!(%error, what, "the window does not come to the front");
        }
    }
}

/// Whether an address is one of the app's own pages; everything else stays closed to the window.
fn is_own_page(url: &Url) -> bool {
    let own = match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // How Windows spells the same.
        "http" | "https" => url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    };
    own || (tauri::is_dev() && url.origin().ascii_serialization() == "http://127.0.0.1:1420")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn navigation_to_a_remote_origin_is_blocked() {
        for url in [
            "https://example.org/",
            "http://localhost/",
            "https://tauri.localhost.example.org/",
            "http://tauri.localhost:8080/",
            "tauri://example.org/",
            "file:///etc/passwd",
            "data:text/html,hello",
            "javascript:alert(1)",
            "about:blank",
        ] {
            assert!(!is_own_page(&url.parse().unwrap()), "{url}");
        }
    }

    #[test]
    fn the_own_pages_are_open() {
        for url in ["tauri://localhost", "tauri://localhost/index.html", "http://tauri.localhost/", "https://tauri.localhost/index.html"] {
            assert!(is_own_page(&url.parse().unwrap()), "{url}");
        }
    }
}
