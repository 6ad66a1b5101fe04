//! Owns the tray of a Linux desktop: a StatusNotifierItem on the session bus.
//! Never needs a library of the desktop, and knows whether anybody shows the icon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ksni::blocking::{Handle, TrayMethods as _};
use ksni::menu::{MenuItem, StandardItem};
use ksni::{Category, OfflineReason, Status, ToolTip};
use tauri::AppHandle;

use super::{Face, Wish};

/// The icon.
pub struct Icon {
    handle: Handle<Item>,
    there: Arc<AtomicBool>,
}

struct Item {
    face: Face,
    picture: Vec<ksni::Icon>,
    wished: Box<dyn Fn(Wish) + Send>,
    there: Arc<AtomicBool>,
}

impl Icon {
    /// Registers the icon; where there is no tray yet, as soon as there is one.
    ///
    /// # Errors
    /// There is no session bus.
    pub fn start(app: &AppHandle, wished: impl Fn(Wish) + Send + 'static) -> Result<Icon, ksni::Error> {
        let picture = app.default_window_icon().map(|icon| picture(icon.width(), icon.height(), icon.rgba())).unwrap_or_default();
        // Taken back below by whoever finds that nobody shows it.
        let there = Arc::new(AtomicBool::new(true));
        let item = Item { face: Face::default(), picture, wished: Box::new(wished), there: Arc::clone(&there) };
        let handle = item.assume_sni_available(true).spawn()?;
        Ok(Icon { handle, there })
    }

    /// Whether a tray shows it.
    pub fn is_there(&self) -> bool {
        self.there.load(Ordering::Relaxed) && !self.handle.is_closed()
    }

    /// Changes what it shows.
    pub fn show(&self, face: Face) {
        self.handle.update(|item| item.face = face);
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "chat.murmel.desktop".to_owned()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn title(&self) -> String {
        self.face.title()
    }

    fn status(&self) -> Status {
        if self.face.unread > 0 { Status::NeedsAttention } else { Status::Active }
    }

    fn icon_name(&self) -> String {
        "murmel".to_owned()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.picture.clone()
    }

    fn attention_icon_name(&self) -> String {
        "murmel".to_owned()
    }

    fn attention_icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.picture.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: self.face.title(), ..ToolTip::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.wished)(Wish::Show);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let entry = |wish: Wish| {
            StandardItem {
                label: self.face.label(wish).to_owned(),
                activate: Box::new(move |item: &mut Item| (item.wished)(wish)),
                ..StandardItem::default()
            }
            .into()
        };
        vec![entry(Wish::Show), entry(Wish::Pause), MenuItem::Separator, entry(Wish::Quit)]
    }

    fn watcher_online(&self) {
        self.there.store(true, Ordering::Relaxed);
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        self.there.store(false, Ordering::Relaxed);
        // Stay: a tray that comes back finds the icon.
        true
    }
}

/// RGBA as the specification wants it: ARGB, in network order.
fn picture(width: u32, height: u32, rgba: &[u8]) -> Vec<ksni::Icon> {
    let (Ok(width), Ok(height)) = (i32::try_from(width), i32::try_from(height)) else { return Vec::new() };
    let pixel = |pixel: &[u8]| if let [r, g, b, a] = pixel { [*a, *r, *g, *b] } else { [0; 4] };
    vec![ksni::Icon { width, height, data: rgba.chunks_exact(4).flat_map(pixel).collect() }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_keeps_its_colour() {
        let [icon] = &picture(2, 1, &[1, 2, 3, 4, 5, 6, 7, 8])[..] else { unreachable!() };
        assert_eq!((icon.width, icon.height, icon.data.as_slice()), (2, 1, &[4, 1, 2, 3, 8, 5, 6, 7][..]));
    }
}
