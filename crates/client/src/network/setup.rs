//! The network set-up behind the first run: look up, relay lists, key package; and the key package's renewal.
//! It needs no network to begin with, and never holds anybody up: it goes on until everything is done.

use std::sync::{Arc, Mutex, PoisonError};

use murmel_ipc::{self as ipc, SetupName, SetupStep, StepState};
use murmel_store::Tx;
use tokio::sync::{Notify, watch};

use crate::account::{Account, Birth};
use crate::group::key_package;
use crate::network::lists;
use crate::pace::grown;
use crate::{Error, Result};

const ORDER: [SetupName; 3] = [SetupName::LookUp, SetupName::RelayLists, SetupName::KeyPackage];

/// How the set-up stands.
pub(crate) struct SetupState {
    steps: Mutex<Vec<SetupStep>>,
    /// Ends the pause between two attempts.
    pub(crate) wake: Notify,
    done: watch::Sender<bool>,
}

impl SetupState {
    pub(crate) fn new(steps: Vec<SetupStep>) -> Self {
        let done = steps.iter().all(|step| step.state == StepState::Done);
        Self { steps: Mutex::new(steps), wake: Notify::new(), done: watch::Sender::new(done) }
    }

    fn get(&self, name: SetupName) -> StepState {
        self.all().iter().find(|step| step.name == name).map_or(StepState::Waiting, |step| step.state)
    }

    fn all(&self) -> Vec<SetupStep> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, name: SetupName, state: StepState, error: Option<&Error>) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = steps.iter_mut().find(|step| step.name == name) {
            *step = SetupStep {
                name,
                state,
                code: error.map(|error| error.code),
                detail: error.map(|error| error.message.clone()).unwrap_or_default(),
            };
        }
        let done = steps.iter().all(|step| step.state == StepState::Done);
        drop(steps);
        self.done.send_replace(done);
    }
}

const CHANGES: &str = "setup.relay_lists.changes";

fn key(name: SetupName) -> &'static str {
    match name {
        SetupName::LookUp => "setup.look_up",
        SetupName::RelayLists => "setup.relay_lists",
        SetupName::KeyPackage => "setup.key_package",
    }
}

/// Notes in a new database what has to be done.
pub(crate) fn begin(tx: &Tx<'_>, birth: Birth) -> Result<()> {
    // A key that was made a moment ago has published nothing.
    tx.put_progress_number(key(SetupName::LookUp), u64::from(birth == Birth::Created))?;
    tx.put_progress_number(key(SetupName::RelayLists), 0)?;
    tx.put_progress_number(key(SetupName::KeyPackage), 0)?;
    Ok(())
}

/// The steps as they were left.
pub(crate) fn load(tx: &Tx<'_>) -> Result<Vec<SetupStep>> {
    let step = |name| {
        let done = tx.progress_number(key(name))? == Some(1);
        Ok(SetupStep { name, state: if done { StepState::Done } else { StepState::Waiting }, code: None, detail: String::new() })
    };
    ORDER.into_iter().map(step).collect()
}

/// The account's relays changed: the lists have to be published again. Call [`lists_changed_now`] after the transaction.
pub(crate) fn lists_changed(tx: &Tx<'_>) -> Result<()> {
    tx.put_progress_number(key(SetupName::RelayLists), 0)?;
    tx.put_progress_number(CHANGES, changes_of(tx)?.wrapping_add(1))?;
    // The key package has to be where the lists now say that it is.
    key_package::want(tx)
}

/// How often the account's relays were changed. What is published while they change again is not the last version.
fn changes_of(tx: &Tx<'_>) -> Result<u64> {
    Ok(tx.progress_number(CHANGES)?.unwrap_or(0))
}

/// See [`lists_changed`].
pub(crate) fn lists_changed_now(account: &Arc<Account>) {
    account.setup.set(SetupName::RelayLists, StepState::Waiting, None);
    emit(account);
    account.setup.wake.notify_one();
}

/// The steps as the window shows them.
pub(crate) fn steps(account: &Arc<Account>) -> Vec<SetupStep> {
    account.setup.all()
}

/// Waits until every step is done.
pub(crate) async fn done(account: &Arc<Account>) {
    let mut done = account.setup.done.subscribe();
    // Fails only when the account is gone, and then nobody waits.
    drop(done.wait_for(|done| *done).await);
}

/// Tries failed steps at once, and looks whether a fresh key package is wanted.
pub(crate) fn retry(account: &Arc<Account>) {
    account.setup.wake.notify_one();
}

/// Takes step after step until the account is closed.
pub(crate) async fn run(account: Arc<Account>) {
    let mut failures = 0;
    loop {
        let pause = match pass(&account).await {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(error) => {
                tracing::info!(code = ?error.code, failures, "the network set-up goes on later");
                let pause = grown(account.pace.setup_first, failures, account.pace.setup_cap);
                failures = failures.saturating_add(1);
                pause
            }
        };
        tokio::select! {
            () = account.setup.wake.notified() => failures = 0,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn pass(account: &Arc<Account>) -> Result<std::time::Duration> {
    for name in ORDER {
        let first_time = account.setup.get(name) != StepState::Done;
        let due = first_time || (name == SetupName::KeyPackage && key_package::is_due(account).await?);
        if !due {
            continue;
        }
        // A renewal is nobody's concern unless it is the first one.
        if first_time {
            show(account, name, StepState::Running, None);
        }
        let before = account.db.read(|tx, _| changes_of(tx)).await?;
        let taken = match name {
            SetupName::LookUp => lists::look_up(account).await,
            SetupName::RelayLists => lists::publish(account).await,
            SetupName::KeyPackage => key_package::publish(account).await,
        };
        match taken {
            Ok(()) => {
                let last = account.db.write(move |tx, _| {
                    let last = name != SetupName::RelayLists || changes_of(tx)? == before;
                    if last {
                        tx.put_progress_number(key(name), 1)?;
                    }
                    Ok::<_, Error>(last)
                });
                if last.await? {
                    show(account, name, StepState::Done, None);
                } else {
                    account.setup.wake.notify_one();
                }
            }
            Err(error) => {
                if first_time {
                    show(account, name, StepState::Failed, Some(&error));
                }
                return Err(error);
            }
        }
    }
    key_package::pause(account).await
}

fn show(account: &Arc<Account>, name: SetupName, state: StepState, error: Option<&Error>) {
    account.setup.set(name, state, error);
    emit(account);
}

fn emit(account: &Arc<Account>) {
    account.bus.emit(ipc::EventKind::Setup { setup: account.setup.all() });
}
