//! Owns how the app is started: its arguments, the profile it opens, and what is said when that fails.
//! Never decides what is in a profile.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use clap::Parser;
use murmel_client::{Client, Error, Options};
use murmel_ipc::{ErrorCode, Session};
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};
use tracing_subscriber::EnvFilter;

use crate::update::Source;
use crate::{badge, links, notify, shell::Shell, update, window};

/// Private group chat for the desktop.
#[derive(Clone, Debug, Parser)]
#[command(name = "murmel", version)]
pub struct Start {
    /// Folder of the profile; the system's folder for application data where it is not given.
    #[arg(long, env = "MURMEL_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// Open the conversation with the companion on this computer where the profile is still empty.
    #[arg(long = "try")]
    try_it: bool,
    /// Begin without a window on the screen, as when the session starts.
    #[arg(long)]
    pub minimized: bool,
    /// A `nostr:` or `murmel:` link: whom it names is shown.
    #[arg(value_name = "LINK")]
    links: Vec<String>,
    /// Relays to offer instead of the usual ones, separated by commas.
    #[arg(long, env = "MURMEL_RELAYS", value_name = "URL", value_delimiter = ',', hide = true)]
    relays: Vec<String>,
    /// For development: relays on this computer may be used.
    #[arg(long, env = "MURMEL_ALLOW_LOOPBACK", value_parser = clap::builder::FalseyValueParser::new(), hide = true)]
    allow_loopback: bool,
    /// For development: where newer versions are announced, instead of what the build says.
    #[cfg(debug_assertions)]
    #[arg(long, env = "MURMEL_UPDATES_FROM", value_name = "URL", hide = true, requires = "updates_key")]
    updates_from: Option<tauri::Url>,
    /// For development: the key that signs them.
    #[cfg(debug_assertions)]
    #[arg(long, env = "MURMEL_UPDATES_KEY", value_name = "KEY", hide = true)]
    updates_key: Option<String>,
}

impl Start {
    /// What is logged: `MURMEL_LOG` in the syntax of `tracing`, otherwise warnings.
    pub fn log_filter(&self) -> EnvFilter {
        let chosen = EnvFilter::try_from_env("MURMEL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
        let never = murmel_client::NEVER_LOGGED.iter().filter_map(|directive| directive.parse().ok());
        never.fold(chosen, EnvFilter::add_directive)
    }

    /// The plugin that hands a second launch over to the first one.
    ///
    /// Profiles elsewhere (`--home`) may be open beside the usual one. Where the system cannot tell them apart by a name, they have to do
    /// with the lock of the profile folder, which the second launch reports in words.
    pub fn single_instance(&self) -> Option<TauriPlugin<Wry>> {
        let plugin = tauri_plugin_single_instance::Builder::new().callback(|app, arguments, _folder| {
            window::show(app);
            links::open_any(app, arguments.iter().skip(1).map(String::as_str));
        });
        match &self.home {
            None => Some(plugin.build()),
            Some(home) if cfg!(target_os = "linux") => Some(plugin.dbus_id(bus_name(home)).build()),
            Some(_) => None,
        }
    }

    /// The plugin that checks and installs newer versions.
    pub fn updater(&self) -> TauriPlugin<Wry, tauri_plugin_updater::Config> {
        let plugin = tauri_plugin_updater::Builder::new();
        #[cfg(debug_assertions)]
        if let Some(key) = &self.updates_key {
            return plugin.pubkey(key).build();
        }
        plugin.build()
    }

    /// Where newer versions are announced.
    pub fn updates(&self, app: &AppHandle) -> Source {
        #[cfg(debug_assertions)]
        if let Some(place) = &self.updates_from {
            return Source::given(place.clone());
        }
        Source::of_build(app)
    }

    fn options(&self, app: &AppHandle) -> tauri::Result<Options> {
        let home = match &self.home {
            Some(home) => home.clone(),
            None => app.path().app_local_data_dir()?,
        };
        let mut options = Options::new(home);
        options.allow_loopback = self.allow_loopback;
        if !self.relays.is_empty() {
            options.default_relays = self.relays.clone();
        }
        Ok(options)
    }
}

/// Begins this launch anew where the first one ended while it was asked to take over: now there is none.
///
/// Once only, or something else that has the name and does not answer would be asked for ever. Does not return where that works.
#[cfg(target_os = "linux")]
pub fn begin_anew(error: &tauri::Error) {
    use std::os::unix::process::CommandExt;

    let tauri::Error::PluginInitialization(plugin, _) = error else { return };
    if plugin != "single-instance" || std::env::var_os(ANEW).is_some() {
        return;
    }
    tracing::info!(%error, "the first launch ended just now");
    if let Ok(program) = std::env::current_exe() {
        let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).env(ANEW, "1").exec();
        tracing::warn!(%error, "this launch could not begin anew");
    }
}

/// Set where a launch began anew.
#[cfg(target_os = "linux")]
const ANEW: &str = "MURMEL_ANEW";

/// The name of one profile on the session bus.
fn bus_name(home: &std::path::Path) -> String {
    let place = std::path::absolute(home).unwrap_or_else(|_| home.to_path_buf());
    let mut hash = DefaultHasher::new();
    place.hash(&mut hash);
    format!("chat.murmel.desktop.p{:016x}", hash.finish())
}

/// Opens the profile beside the window, which shows at once; says in words why where it cannot be opened, and ends.
pub fn open_profile(app: &AppHandle, start: Start) {
    let app = app.clone();
    links::open_any(&app, start.links.iter().map(String::as_str));
    tauri::async_runtime::spawn(async move {
        let options = match start.options(&app) {
            Ok(options) => options,
            Err(error) => return give_up(&app, &format!("The folder for Murmel's data cannot be found: {error}")),
        };
        let client = match Client::open(options).await {
            Ok(client) => client,
            Err(error) => return give_up(&app, &words(&error)),
        };
        if start.try_it
            && matches!(client.session(), Session::FirstRun { .. })
            && let Err(error) = client.try_it().await
        {
            tracing::warn!(code = ?error.code, "the try-it conversation could not be opened");
        }
        notify::start(&app, &client);
        badge::start(&app, &client);
        update::start(&app, &client);
        client.stay_awake();
        app.state::<Shell>().opened(client).await;
    });
}

fn words(error: &Error) -> String {
    match error.code {
        ErrorCode::AlreadyRunning => "Murmel is already open with this profile. Use the window that is open, or close it first.".to_owned(),
        _ => error.message.clone(),
    }
}

fn give_up(app: &AppHandle, words: &str) {
    tracing::error!("{words}");
    let end = app.clone();
    app.dialog().message(words).title("Murmel").kind(MessageDialogKind::Error).show(move |_| end.exit(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Start::command().debug_assert();
    }

    #[test]
    fn two_profiles_have_two_names_on_the_bus() {
        assert_ne!(bus_name(Path::new("/a/one")), bus_name(Path::new("/a/two")));
        assert_eq!(bus_name(Path::new("/a/one")), bus_name(Path::new("/a/one")));
    }
}
