//! The app lock: after a time without use, or on demand, every account is closed until its key is asked for again.
//! It keeps nothing open to go on receiving: whoever can decrypt has the keys.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use murmel_ipc::{ErrorCode, EventKind, Session};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::keys::unlock;
use crate::profile::Profile;
use crate::profile::accounts::Standing;
use crate::{Clock, Error, Result};

/// Longest time that may be set, in minutes: a day.
const MAX_MINUTES: u32 = 24 * 60;
/// How often it is looked at the clock of the wall: a timer does not count while the computer sleeps.
const LOOK: Duration = Duration::from_secs(15);

/// How long nobody has used the profile.
pub(crate) struct Idle {
    clock: Clock,
    minute: Duration,
    state: Mutex<State>,
    moved: Notify,
}

struct State {
    /// Minutes; 0 is never.
    after: u32,
    /// When the profile was used last; `None` once it is locked.
    last: Option<(Instant, u64)>,
    task: Option<AbortHandle>,
}

/// When the lock is due.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    Never,
    Now,
    In(Duration),
}

impl Idle {
    pub(crate) fn new(clock: Clock, minute: Duration) -> Arc<Self> {
        let state = State { after: 0, last: None, task: None };
        Arc::new(Self { clock, minute, state: Mutex::new(state), moved: Notify::new() })
    }

    pub(crate) fn set_after(&self, minutes: u32) {
        self.state().after = minutes;
        self.used();
    }

    /// Somebody was let in, or uses what is open.
    pub(crate) fn used(&self) {
        self.state().last = Some((Instant::now(), self.clock.now()));
        self.moved.notify_one();
    }

    fn locked(&self) {
        self.state().last = None;
    }

    fn due(&self) -> Due {
        let state = self.state();
        let Some((last, wall)) = state.last.filter(|_| state.after > 0) else { return Due::Never };
        let limit = self.minute.saturating_mul(state.after);
        let idle = last.elapsed().max(Duration::from_secs(self.clock.now().saturating_sub(wall)));
        match limit.checked_sub(idle) {
            Some(rest) if !rest.is_zero() => Due::In(rest),
            _ => Due::Now,
        }
    }

    pub(crate) fn stop(&self) {
        if let Some(task) = self.state().task.take() {
            task.abort();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after the lock until the profile is closed.
pub(crate) fn start(profile: &Arc<Profile>) {
    let idle = &profile.idle;
    let task = tokio::spawn(watch(Arc::downgrade(profile), Arc::clone(idle)));
    idle.state().task = Some(task.abort_handle());
}

async fn watch(profile: Weak<Profile>, idle: Arc<Idle>) {
    loop {
        match idle.due() {
            Due::Never => idle.moved.notified().await,
            Due::In(rest) => drop(tokio::time::timeout(rest.min(LOOK), idle.moved.notified()).await),
            Due::Now => {
                let Some(profile) = profile.upgrade() else { return };
                if lock(&profile).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The person does something. Where the time is over already, as after the computer slept, it comes too late.
pub(crate) async fn used(profile: &Arc<Profile>) -> Result<()> {
    match profile.idle.due() {
        Due::Now => lock(profile).await.map(drop),
        Due::In(_) => {
            profile.idle.used();
            Ok(())
        }
        Due::Never => Ok(()),
    }
}

/// Closes every account: its tasks, its connections, its database, and with them its keys.
pub(crate) async fn lock(profile: &Arc<Profile>) -> Result<Session> {
    let _turn = profile.turn().await?;
    profile.idle.locked();
    let open = profile.open_accounts();
    join_all(open.iter().map(|(_, account)| account.close())).await;
    for (npub, account) in open {
        drop(account);
        profile.put(&npub, Standing::Shut(unlock::locked(profile.home(), &npub)));
        profile.announce(&npub);
    }
    Ok(profile.session(None))
}

/// Sets after how many minutes without use everything is locked; 0 is never.
pub(crate) fn set_after(profile: &Profile, minutes: u32) -> Result<()> {
    if minutes > MAX_MINUTES {
        return Err(Error::new(ErrorCode::InvalidInput, format!("At most {MAX_MINUTES} minutes. Choose fewer, or never.")));
    }
    profile.set_lock_after(minutes)?;
    profile.idle.set_after(minutes);
    profile.bus.emit(None, EventKind::LockAfter { minutes });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_computer_that_slept_is_locked_though_no_timer_ran() {
        let clock = Clock::running(Instant::now(), 1_000);
        let idle = Idle::new(clock.clone(), Duration::from_secs(60));
        assert_eq!(idle.due(), Due::Never);
        idle.set_after(5);
        assert_eq!(idle.due(), Due::In(Duration::from_secs(300)));
        clock.shift(299);
        assert_eq!(idle.due(), Due::In(Duration::from_secs(1)));
        clock.shift(1);
        assert_eq!(idle.due(), Due::Now);
        idle.used();
        assert_eq!(idle.due(), Due::In(Duration::from_secs(300)));
        idle.locked();
        assert_eq!(idle.due(), Due::Never);
    }
}
