//! The handle to an account's database: one thread owns the connection and the state that belongs to it.
//! Nothing outside of that thread ever touches the connection, and no await happens inside of a transaction.

use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, current};

use futures_channel::oneshot;

use crate::thread::{self, Job, Line, Start};
use crate::{DatabaseKey, StoreError, Tx};

/// Transactions that may wait for the thread; whoever brings one more waits for a place.
pub const QUEUE_CAP: usize = 256;

/// Where transactions run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Execution {
    /// On a thread of the database's own; whoever asks waits for the answer without blocking.
    #[default]
    Thread,
    /// On the caller's thread, inside of the first poll, through the very same transaction. For simulations, in which nothing but
    /// the schedule may decide what comes next; the caller needs a stack of 8 MiB.
    Inline,
}

/// State that lives beside the connection and mirrors what it holds, such as the loaded groups.
pub trait Rollback {
    /// The transaction that was just running did not take place: forget everything that may have come from it.
    fn rolled_back(&mut self);
}

impl Rollback for () {
    fn rolled_back(&mut self) {}
}

/// One account's database. Clones share the thread; when the last one is dropped, queued work is finished and the file is closed.
pub struct Database<S> {
    shared: Arc<Shared<S>>,
}

impl<S> Clone for Database<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

struct Shared<S> {
    place: Place<S>,
}

enum Place<S> {
    Thread {
        jobs: Mutex<Option<SyncSender<Job<S>>>>,
        thread: Mutex<Option<JoinHandle<()>>>,
    },
    /// `None` once it is closed.
    Inline(Mutex<Option<Box<Line<S>>>>),
}

impl<S: Rollback + Send + 'static> Database<S> {
    /// Makes a new database at `path`, and its folder if need be. It appears under its name only when it is complete.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if anything is there already, [`StoreError::DiskFull`], [`StoreError::Io`], [`StoreError::NoCipher`].
    pub async fn create(path: impl AsRef<Path>, key: DatabaseKey, state: S) -> Result<Self, StoreError> {
        Self::create_with(path, key, state, Execution::Thread).await
    }

    /// As [`Database::create`], with a choice of where transactions run.
    ///
    /// # Errors
    /// Those of [`Database::create`].
    pub async fn create_with(path: impl AsRef<Path>, key: DatabaseKey, state: S, execution: Execution) -> Result<Self, StoreError> {
        Self::start(Start::Create, path.as_ref().to_path_buf(), key, state, execution).await
    }

    /// Opens the database at `path` for this process alone.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::WrongKey`], [`StoreError::Damaged`], [`StoreError::NewerSchema`], [`StoreError::Busy`],
    /// [`StoreError::DiskFull`], [`StoreError::Io`], [`StoreError::NoCipher`]. In none of these cases is what was stored touched.
    pub async fn open(path: impl AsRef<Path>, key: DatabaseKey, state: S) -> Result<Self, StoreError> {
        Self::open_with(path, key, state, Execution::Thread).await
    }

    /// As [`Database::open`], with a choice of where transactions run.
    ///
    /// # Errors
    /// Those of [`Database::open`].
    pub async fn open_with(path: impl AsRef<Path>, key: DatabaseKey, state: S, execution: Execution) -> Result<Self, StoreError> {
        Self::start(Start::Open, path.as_ref().to_path_buf(), key, state, execution).await
    }

    async fn start(start: Start, path: PathBuf, key: DatabaseKey, state: S, execution: Execution) -> Result<Self, StoreError> {
        if execution == Execution::Inline {
            let line = thread::line(start, &path, &key, state)?;
            return Ok(Self { shared: Arc::new(Shared { place: Place::Inline(Mutex::new(Some(Box::new(line)))) }) });
        }
        let (jobs, thread, opened) = thread::spawn(start, path, key, state)?;
        let place = Place::Thread { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) };
        let database = Self { shared: Arc::new(Shared { place }) };
        opened.await.map_err(|_| StoreError::Closed)??;
        Ok(database)
    }

    /// Runs `f` in one immediate transaction on the thread: committed and synced to disk on `Ok`, rolled back on `Err`.
    ///
    /// Once this was polled the transaction takes place even if the future is dropped. Transactions run in the order of their first poll.
    ///
    /// # Errors
    /// What `f` returns; [`StoreError::Panicked`] if `f` panicked; [`StoreError::DiskFull`], [`StoreError::Io`] if the commit failed;
    /// [`StoreError::Closed`]. After every one of them `S` has been told of the rollback.
    pub async fn write<T, E>(&self, f: impl FnOnce(&Tx<'_>, &mut S) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(move |line| line.write(f)).await
    }

    /// Runs `f` in one read transaction on the thread.
    ///
    /// # Errors
    /// What `f` returns; [`StoreError::ReadOnly`] if `f` wrote, [`StoreError::Panicked`] if it panicked (both times `S` is told of a rollback);
    /// [`StoreError::Closed`], [`StoreError::Io`].
    pub async fn read<T, E>(&self, f: impl FnOnce(&Tx<'_>, &mut S) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(move |line| line.read(f)).await
    }

    /// Writes the log into the file and empties it: what was deleted is then in neither of them.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Io`], [`StoreError::Closed`].
    pub async fn empty_log(&self) -> Result<(), StoreError> {
        self.run(|line| line.empty_log()).await
    }

    /// Closes the file after the work that is queued; later calls on any clone answer [`StoreError::Closed`]. Closing twice is fine.
    pub async fn close(&self) {
        let jobs = match &self.shared.place {
            Place::Thread { jobs, .. } => jobs.lock().unwrap_or_else(PoisonError::into_inner).take(),
            Place::Inline(line) => {
                drop(line.lock().unwrap_or_else(PoisonError::into_inner).take());
                None
            }
        };
        if let Some(jobs) = jobs {
            let (reply, closed) = oneshot::channel();
            if jobs.send(Job::Close(reply)).is_ok() {
                // The thread answers, or it is gone, which is as good.
                closed.await.unwrap_or_default();
            }
        }
    }

    async fn run<T, E>(&self, f: impl FnOnce(&mut Line<S>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let jobs = match &self.shared.place {
            Place::Thread { jobs, .. } => jobs.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Place::Inline(line) => {
                let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
                return line.as_mut().map_or_else(|| Err(StoreError::Closed.into()), |line| f(line));
            }
        };
        let (reply, answer) = oneshot::channel();
        let job = Job::Run(Box::new(move |line| {
            // Nobody waits for the answer any more: the transaction took place all the same.
            drop(reply.send(f(line)));
        }));
        match jobs {
            Some(jobs) if jobs.send(job).is_ok() => answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into())),
            _ => Err(StoreError::Closed.into()),
        }
    }
}

impl<S> Drop for Shared<S> {
    /// Waits for the thread, so that the file can be opened again afterwards.
    fn drop(&mut self) {
        let Place::Thread { jobs, thread } = &mut self.place else { return };
        drop(jobs.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        let thread = thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != current().id()) {
            drop(thread.join());
        }
    }
}
