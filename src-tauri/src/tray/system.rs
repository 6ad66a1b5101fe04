//! Owns the tray of Windows and macOS, which always have one.
//! Never draws the number into the icon: the pointer over it reads it.

use tauri::menu::{MenuBuilder, MenuItem, MenuItemBuilder};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry};

use super::{Face, Wish};

const SHOW: &str = "show";
const PAUSE: &str = "pause";
const QUIT: &str = "quit";

/// The icon.
pub struct Icon {
    icon: TrayIcon<Wry>,
    entries: [(Wish, MenuItem<Wry>); 3],
}

impl Icon {
    /// Puts it into the tray.
    ///
    /// # Errors
    /// The system refuses.
    pub fn start(app: &AppHandle, wished: impl Fn(Wish) + Clone + Send + Sync + 'static) -> tauri::Result<Icon> {
        let entry = |wish: Wish, id: &str| MenuItemBuilder::with_id(id, Face::default().label(wish)).build(app);
        let (show, pause, quit) = (entry(Wish::Show, SHOW)?, entry(Wish::Pause, PAUSE)?, entry(Wish::Quit, QUIT)?);
        let menu = MenuBuilder::new(app).item(&show).item(&pause).separator().item(&quit).build()?;
        let clicked = wished.clone();
        let mut builder = TrayIconBuilder::new().menu(&menu).show_menu_on_left_click(cfg!(target_os = "macos")).tooltip("Murmel");
        if let Some(icon) = app.default_window_icon() {
            builder = builder.icon(icon.clone());
        }
        let icon = builder
            .on_menu_event(move |_, event| match event.id().as_ref() {
                SHOW => wished(Wish::Show),
                PAUSE => wished(Wish::Pause),
                QUIT => wished(Wish::Quit),
                _ => {}
            })
            .on_tray_icon_event(move |_, event| {
                if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event
                    && !cfg!(target_os = "macos")
                {
                    clicked(Wish::Show);
                }
            })
            .build(app)?;
        Ok(Icon { icon, entries: [(Wish::Show, show), (Wish::Pause, pause), (Wish::Quit, quit)] })
    }

    /// It is.
    pub fn is_there(&self) -> bool {
        true
    }

    /// Changes what it shows.
    pub fn show(&self, face: Face) {
        let shown = self
            .icon
            .set_tooltip(Some(face.title()))
            .and_then(|()| self.entries.iter().try_for_each(|(wish, entry)| entry.set_text(face.label(*wish))));
        if let Err(error) = shown {
            tracing::debug!(%error, "the tray shows something old");
        }
    }
}
