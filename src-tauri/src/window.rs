//! Owns the one window: how it is made, what it may load, how it comes to the front.
//! Never lets it leave the app's own pages.

use tauri::utils::config::WindowConfig;
use tauri::webview::NewWindowResponse;
use tauri::{App, AppHandle, Manager, Url, WebviewWindowBuilder};

/// The label of the window, as in the configuration and the capability.
pub const MAIN: &str = "main";

/// Makes the window.
///
/// # Errors
/// The system cannot make one, for instance because there is no display.
pub fn open(app: &App) -> tauri::Result<()> {
    let config = app.config().app.windows.iter().find(|window| window.label == MAIN).cloned();
    let config = config.unwrap_or_else(|| WindowConfig { label: MAIN.to_owned(), ..WindowConfig::default() });
    WebviewWindowBuilder::from_config(app.handle(), &config)?
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    Ok(())
}

/// Brings the window to the front.
pub fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
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
