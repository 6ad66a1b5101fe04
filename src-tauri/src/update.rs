//! Owns how this copy of the app gets newer: who brings that, what there is, and putting it into its place.
//! Never trusts where it comes from: what is installed carries the makers' signature over its bytes and its version.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use murmel_client::Client;
use murmel_ipc::{EventKind, UpdateFault, UpdateProgress, UpdatedBy, Updates};
use tauri::async_runtime::JoinHandle;
use tauri::utils::config::BundleType;
use tauri::utils::platform::bundle_type;
use tauri::{AppHandle, Manager, Url};
use tauri_plugin_updater::{Config, Update, Updater, UpdaterExt};
use tokio::sync::Notify;

use crate::shell::Shell;

/// Largest list of versions that is read, in bytes.
pub const MANIFEST_BYTES_CAP: usize = 256 * 1024;
/// Largest package that is read, in bytes; it is held in memory until it is installed.
pub const PACKAGE_BYTES_CAP: usize = 512 * 1024 * 1024;
/// Longest description of a version that is shown, in characters.
pub const NOTES_CAP: usize = 10_000;
/// After how long the app looks again by itself.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// After how long it looks again by itself where nobody answered.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Where newer versions are announced and who signs them; in a debug build, where the tests play both.
#[derive(Clone, Debug, Default)]
pub struct Source {
    endpoints: Vec<Url>,
    /// Whether it was given for this start alone.
    given: bool,
}

/// A newer version: what was announced, and its bytes once they are here and were checked.
struct Newer {
    update: Update,
    package: Option<Arc<Vec<u8>>>,
}

#[derive(Default)]
struct Standing {
    progress: UpdateProgress,
    newer: Option<Newer>,
    loading: Option<JoinHandle<()>>,
}

/// How this copy gets newer.
pub struct Updating {
    source: Source,
    standing: Mutex<Standing>,
    /// What the person agreed to has changed.
    agreed: Notify,
}

impl Updating {
    /// Nobody has looked yet.
    pub fn new(source: Source) -> Self {
        Self { source, standing: Mutex::default(), agreed: Notify::new() }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn by(&self) -> UpdatedBy {
        brought_by(bundle_type(), &self.source)
    }
}

impl Source {
    /// What the configuration of the build says; none where it names no place or no key.
    pub fn of_build(app: &AppHandle) -> Self {
        let written = app.config().plugins.0.get("updater").cloned().unwrap_or_default();
        let config: Config = serde_json::from_value(written).unwrap_or_default();
        let endpoints = if config.pubkey.is_empty() { Vec::new() } else { config.endpoints };
        Self { endpoints, given: false }
    }

    /// A place for this start alone.
    #[cfg(debug_assertions)]
    pub fn given(place: Url) -> Self {
        Self { endpoints: vec![place], given: true }
    }
}

fn brought_by(bundle: Option<BundleType>, source: &Source) -> UpdatedBy {
    match bundle {
        Some(BundleType::Deb | BundleType::Rpm) => UpdatedBy::Packages,
        _ if source.endpoints.is_empty() => UpdatedBy::Nobody,
        Some(_) => UpdatedBy::App,
        // A program without a bundle was built by hand, or by a distribution.
        None if source.given => UpdatedBy::App,
        None => UpdatedBy::Nobody,
    }
}

/// How this copy gets newer, for the window.
pub fn view(app: &AppHandle, looks: bool) -> Updates {
    let updating = app.state::<Updating>();
    let host = updating.source.endpoints.first().and_then(|place| place.host_str().map(str::to_owned));
    Updates { by: updating.by(), looks, host, progress: updating.standing().progress.clone() }
}

/// Looks once a day, from the time on at which the person agrees.
pub fn start(app: &AppHandle, client: &Client) {
    if app.state::<Updating>().by() != UpdatedBy::App {
        return;
    }
    let (app, client) = (app.clone(), client.clone());
    tauri::async_runtime::spawn(async move {
        let updating = app.state::<Updating>();
        loop {
            let pause = if client.looks_for_updates() { look_by_itself(&app, &client).await } else { Duration::MAX };
            // A change of mind is the time to look, or to stop looking.
            let _ = tokio::time::timeout(pause, updating.agreed.notified()).await;
        }
    });
}

/// Keeps whether the app may look by itself.
///
/// # Errors
/// Those of [`Client::set_looks_for_updates`].
pub async fn set(app: &AppHandle, client: &Client, looks: bool) -> murmel_client::Result<()> {
    client.set_looks_for_updates(looks).await?;
    app.state::<Updating>().agreed.notify_one();
    Ok(())
}

/// Looks without telling where nobody answers; after how long to look again.
async fn look_by_itself(app: &AppHandle, client: &Client) -> Duration {
    if is_busy(&app.state::<Updating>().standing().progress) {
        return DAY;
    }
    match announced(app, client).await {
        Some(found) => {
            keep(app, client, found);
            DAY
        }
        None => HOUR,
    }
}

/// Looks now, because the person wants to.
pub fn look(app: &AppHandle, client: &Client) {
    {
        let updating = app.state::<Updating>();
        let mut standing = updating.standing();
        if updating.by() != UpdatedBy::App || is_busy(&standing.progress) {
            return;
        }
        standing.progress = UpdateProgress::Looking;
    }
    let (app, client) = (app.clone(), client.clone());
    tauri::async_runtime::spawn(async move {
        match announced(&app, &client).await {
            Some(found) => keep(&app, &client, found),
            None => tell(&app, &client, UpdateProgress::Failed { fault: UpdateFault::Unreachable }),
        }
    });
}

/// Whether something goes on, or is here, that another look would throw away.
fn is_busy(progress: &UpdateProgress) -> bool {
    use UpdateProgress::{Installing, Loading, Looking, Ready};
    matches!(progress, Looking | Loading { .. } | Ready { .. } | Installing { .. })
}

/// What the makers announce: a newer version, or that there is none. `None` where nobody says.
async fn announced(app: &AppHandle, client: &Client) -> Option<Option<Update>> {
    let updating = app.state::<Updating>();
    let updater = updater(app, &updating.source)?;
    for place in &updating.source.endpoints {
        let manifest = client.download(place.as_str(), MANIFEST_BYTES_CAP, |_, _| {}).await;
        let manifest = manifest.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        // Restored, not checked by the plugin: so what is fetched takes the way of every connection, and the signature has to name the version.
        match manifest.map(|manifest| updater.restore_update(manifest)) {
            Some(Ok(found)) => return Some(found),
            Some(Err(error)) => tracing::info!(%error, "what is announced cannot be used"),
            None => tracing::info!("nobody announces versions"),
        }
    }
    None
}

fn updater(app: &AppHandle, source: &Source) -> Option<Updater> {
    let ending = app.clone();
    let builder = app.updater_builder().on_before_exit(move || {
        // On Windows the installer needs the files of the app, and ends it.
        ending.state::<Shell>().close();
        ending.cleanup_before_exit();
    });
    let built = builder.endpoints(source.endpoints.clone()).and_then(tauri_plugin_updater::UpdaterBuilder::build);
    built.inspect_err(|error| tracing::warn!(%error, "this copy cannot be made newer")).ok()
}

fn keep(app: &AppHandle, client: &Client, found: Option<Update>) {
    let progress = found.as_ref().map_or(UpdateProgress::Newest, available);
    {
        let updating = app.state::<Updating>();
        let mut standing = updating.standing();
        // While it was looked, the person may have gone further with what an earlier look had found.
        if standing.progress != UpdateProgress::Looking && is_busy(&standing.progress) {
            return;
        }
        standing.newer = found.map(|update| Newer { update, package: None });
    }
    tell(app, client, progress);
}

fn available(update: &Update) -> UpdateProgress {
    let notes = update.body.as_ref().map(|notes| notes.chars().take(NOTES_CAP).collect());
    UpdateProgress::Available { version: update.version.clone(), notes }
}

/// Downloads what was announced.
pub fn load(app: &AppHandle, client: &Client) {
    let updating = app.state::<Updating>();
    let mut standing = updating.standing();
    let Some(newer) = standing.newer.as_ref().filter(|_| !is_busy(&standing.progress)) else { return };
    let update = newer.update.clone();
    standing.progress = UpdateProgress::Loading { version: update.version.clone(), bytes: 0, of: None };
    let (app, client) = (app.clone(), client.clone());
    standing.loading = Some(tauri::async_runtime::spawn(async move {
        let progress = match package(&app, &client, &update).await {
            Ok(package) => {
                if let Some(newer) = &mut app.state::<Updating>().standing().newer {
                    newer.package = Some(Arc::new(package));
                }
                UpdateProgress::Ready { version: update.version }
            }
            Err(fault) => UpdateProgress::Failed { fault },
        };
        tell(&app, &client, progress);
    }));
}

/// The bytes of a version, once they are here and signed as they should be.
async fn package(app: &AppHandle, client: &Client, update: &Update) -> Result<Vec<u8>, UpdateFault> {
    let mut said = 0;
    let seen = |bytes: u64, of: Option<u64>| {
        // A hundred steps are enough for a bar.
        let step = of.unwrap_or(50 << 20) / 100;
        if bytes >= said + step.max(1) {
            said = bytes;
            tell(app, client, UpdateProgress::Loading { version: update.version.clone(), bytes, of });
        }
    };
    let downloaded = client.download(update.download_url.as_str(), PACKAGE_BYTES_CAP, seen).await;
    let package = downloaded.map_err(|error| {
        tracing::info!(%error, "the newer version did not come");
        UpdateFault::Unreachable
    })?;
    update.verify(&package).map_err(|error| {
        tracing::warn!(%error, "the newer version is not signed as it should be");
        UpdateFault::NotSigned
    })?;
    Ok(package)
}

/// Ends the download.
pub fn cancel(app: &AppHandle) {
    let updating = app.state::<Updating>();
    let mut standing = updating.standing();
    if !matches!(standing.progress, UpdateProgress::Loading { .. }) {
        return;
    }
    if let Some(loading) = standing.loading.take() {
        loading.abort();
    }
    standing.progress = standing.newer.as_ref().map_or(UpdateProgress::Unknown, |newer| available(&newer.update));
}

/// Puts the newer version into the place of this copy and begins anew with it.
pub fn install(app: &AppHandle, client: &Client) {
    let updating = app.state::<Updating>();
    let mut standing = updating.standing();
    let UpdateProgress::Ready { version } = standing.progress.clone() else { return };
    let Some((update, package)) = standing.newer.as_ref().and_then(|newer| Some((newer.update.clone(), newer.package.clone()?))) else {
        return;
    };
    standing.progress = UpdateProgress::Installing { version: version.clone() };
    let (app, client) = (app.clone(), client.clone());
    tauri::async_runtime::spawn_blocking(move || match update.install(package.as_slice()) {
        Ok(()) => {
            tracing::info!(version, "begins anew as a newer version");
            app.request_restart();
        }
        Err(error) => {
            tracing::warn!(%error, "the newer version could not be installed");
            tell(&app, &client, UpdateProgress::Failed { fault: UpdateFault::NotInstalled });
        }
    });
}

fn tell(app: &AppHandle, client: &Client, progress: UpdateProgress) {
    app.state::<Updating>().standing().progress = progress;
    let updates = view(app, client.looks_for_updates());
    app.state::<Shell>().bridge.say(EventKind::Updates { updates });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(given: bool) -> Source {
        Source { endpoints: vec![Url::parse("https://releases.example/latest.json").unwrap()], given }
    }

    #[test]
    fn what_came_from_a_package_is_left_to_its_manager() {
        for bundle in [BundleType::Deb, BundleType::Rpm] {
            assert_eq!(brought_by(Some(bundle.clone()), &source(false)), UpdatedBy::Packages);
            assert_eq!(brought_by(Some(bundle), &source(true)), UpdatedBy::Packages);
        }
    }

    #[test]
    fn only_a_bundle_of_the_makers_that_knows_where_to_look_gets_newer_by_itself() {
        for bundle in [BundleType::AppImage, BundleType::Nsis, BundleType::Msi, BundleType::App] {
            assert_eq!(brought_by(Some(bundle.clone()), &source(false)), UpdatedBy::App);
            assert_eq!(brought_by(Some(bundle), &Source::default()), UpdatedBy::Nobody);
        }
        assert_eq!(brought_by(None, &source(false)), UpdatedBy::Nobody);
        assert_eq!(brought_by(None, &source(true)), UpdatedBy::App);
    }

    #[test]
    fn another_look_does_not_throw_away_what_is_here() {
        let version = "9.0.0".to_owned();
        assert!(is_busy(&UpdateProgress::Ready { version: version.clone() }));
        assert!(is_busy(&UpdateProgress::Installing { version: version.clone() }));
        assert!(!is_busy(&UpdateProgress::Available { version, notes: None }));
        assert!(!is_busy(&UpdateProgress::Failed { fault: UpdateFault::NotSigned }));
    }
}
