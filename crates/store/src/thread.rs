//! The thread that owns the connection: opening, transactions, closing.
//! It never lets a panic or a failed commit leave half a change behind.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use futures_channel::oneshot;
use openmls_rust_crypto::RustCrypto;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::{DatabaseKey, QUEUE_CAP, Rollback, StoreError, Tx, files, migrations};

/// MLS over large trees recurses deeply, more so without optimisation.
const STACK: usize = 8 * 1024 * 1024;

/// How long another process may hold the file before we say that it is busy.
const BUSY: Duration = Duration::from_secs(2);

/// Prepared statements that stay prepared; above the number of statements that the crate has.
const STATEMENT_CAP: usize = 256;

/// Set on every open, before the first read of a table. Exclusive: the loaded groups are this process's only.
const PRAGMAS: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16384;
    PRAGMA trusted_schema = OFF;
";

type Task<S> = Box<dyn FnOnce(&mut Line<S>) + Send>;

pub(crate) enum Job<S> {
    Run(Task<S>),
    Close(oneshot::Sender<()>),
}

#[derive(Clone, Copy)]
pub(crate) enum Start {
    Create,
    Open,
}

/// What the thread owns.
pub(crate) struct Line<S> {
    connection: Connection,
    crypto: RustCrypto,
    state: S,
}

type Spawned<S> = (SyncSender<Job<S>>, JoinHandle<()>, oneshot::Receiver<Result<(), StoreError>>);

pub(crate) fn spawn<S: Rollback + Send + 'static>(
    start: Start,
    path: PathBuf,
    key: DatabaseKey,
    state: S,
) -> Result<Spawned<S>, StoreError> {
    let (sender, jobs) = sync_channel(QUEUE_CAP);
    let (reply, opened) = oneshot::channel();
    let body = move || match line(start, &path, &key, state) {
        Ok(line) => {
            drop(key);
            if reply.send(Ok(())).is_ok() {
                serve(line, &jobs);
            }
        }
        Err(error) => drop(reply.send(Err(error))),
    };
    let thread = Builder::new().name("database".into()).stack_size(STACK).spawn(body)?;
    Ok((sender, thread, opened))
}

/// Opens the file and takes ownership of what belongs to it.
pub(crate) fn line<S>(start: Start, path: &Path, key: &DatabaseKey, state: S) -> Result<Line<S>, StoreError> {
    Ok(Line { connection: begin(start, path, key)?, crypto: RustCrypto::default(), state })
}

fn serve<S: Rollback>(mut line: Line<S>, jobs: &Receiver<Job<S>>) {
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Run(run) => {
                if catch_unwind(AssertUnwindSafe(|| run(&mut line))).is_err() {
                    tracing::error!("a database job panicked outside of its transaction");
                }
            }
            Job::Close(reply) => {
                drop(line);
                let _ = reply.send(());
                return;
            }
        }
    }
}

impl<S: Rollback> Line<S> {
    pub(crate) fn write<T, E: From<StoreError>>(&mut self, f: impl FnOnce(&Tx<'_>, &mut S) -> Result<T, E>) -> Result<T, E> {
        let outcome = self.attempt_write(f);
        if outcome.is_err() {
            self.state.rolled_back();
        }
        outcome
    }

    fn attempt_write<T, E: From<StoreError>>(&mut self, f: impl FnOnce(&Tx<'_>, &mut S) -> Result<T, E>) -> Result<T, E> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| E::from(StoreError::from(error)))?;
        crate::crash_point!("transaction: begun");
        let state = &mut self.state;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let tx = Tx::new(&transaction, &self.crypto);
            let value = f(&tx, state)?;
            // INVARIANT: no ratchet on disk is behind what was encrypted or decrypted with it.
            if tx.mls_rows().holds_any() { Err(StoreError::KeysHeld.into()) } else { Ok(value) }
        }));
        match outcome {
            Ok(Ok(value)) => {
                crate::crash_point!("transaction: done, not committed");
                transaction.commit().map_err(|error| E::from(StoreError::from(error)))?;
                crate::crash_point!("transaction: committed, nobody told");
                Ok(value)
            }
            // Dropping the transaction rolls it back.
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StoreError::Panicked.into()),
        }
    }

    pub(crate) fn empty_log(&mut self) -> Result<(), StoreError> {
        // Nobody else has the file open, so nothing is in the way.
        let busy: bool = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy { Err(StoreError::Busy) } else { Ok(()) }
    }

    pub(crate) fn read<T, E: From<StoreError>>(&mut self, f: impl FnOnce(&Tx<'_>, &mut S) -> Result<T, E>) -> Result<T, E> {
        let before = self.connection.total_changes();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(|error| E::from(StoreError::from(error)))?;
        let state = &mut self.state;
        let outcome = catch_unwind(AssertUnwindSafe(|| f(&Tx::new(&transaction, &self.crypto), state)));
        let wrote = transaction.total_changes() != before;
        drop(transaction);
        match outcome {
            Ok(outcome) if !wrote => outcome,
            Ok(_) => {
                self.state.rolled_back();
                Err(StoreError::ReadOnly.into())
            }
            Err(_) => {
                self.state.rolled_back();
                Err(StoreError::Panicked.into())
            }
        }
    }
}

fn begin(start: Start, path: &Path, key: &DatabaseKey) -> Result<Connection, StoreError> {
    if matches!(start, Start::Create) {
        create(path, key)?;
    }
    open(path, key)
}

/// Builds the database under another name, so that a crash leaves either nothing or a complete one.
fn create(path: &Path, key: &DatabaseKey) -> Result<(), StoreError> {
    let draft = files::prepare_new(path)?;
    let mut connection = connect(&draft, key)?;
    migrations::run(&mut connection)?;
    connection.close().map_err(|(_, error)| StoreError::from(error))?;
    files::put_in_place(&draft, path)
}

fn open(path: &Path, key: &DatabaseKey) -> Result<Connection, StoreError> {
    files::check_existing(path)?;
    let mut connection = connect(path, key)?;
    // The first read: proves the key before anything is written.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    migrations::check(&connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Io(None));
    }
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216;")?;
    migrations::run(&mut connection)?;
    files::make_private(path)?;
    Ok(connection)
}

fn connect(path: &Path, key: &DatabaseKey) -> Result<Connection, StoreError> {
    // No CREATE flag: a file that vanished in between is missing, not empty.
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CAP);
    key.apply(&connection)?;
    connection.execute_batch(PRAGMAS)?;
    Ok(connection)
}
