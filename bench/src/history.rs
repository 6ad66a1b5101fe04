//! A database with many messages: how fast they go in, how fast one reads, searches and opens it, and how fast one catches up.
//! It measures the store; what a window adds is not in it.

mod catch_up;
mod corpus;
mod idle;

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use murmel_store::{ChatId, Database, DatabaseKey, MessageId, PageKey, SearchFilter, Terms, Tx};
use zeroize::Zeroizing;

use crate::messages::BATCH;
use crate::person::{KEY, wait};
use crate::rows::{self, Report};
use crate::time::{Samples, timed};
use corpus::Corpus;

/// One message of so many is inserted as it comes from a relay, and measured.
const MEASURED: u64 = 10;
/// Messages in one transaction before that.
const BULK: u64 = 4_096;
/// Messages of one page.
const PAGE: u32 = 50;
/// Reads of each kind.
const READS: u64 = 1_000;
/// Searches of each kind.
const SEARCHES: usize = 200;
/// Cold openings.
const OPENINGS: usize = 15;

#[derive(clap::Args)]
pub struct Arguments {
    /// Where the databases are written
    #[arg(long)]
    disk: PathBuf,
    /// The report, as JSON
    #[arg(long)]
    out: PathBuf,
    /// What another implementation took, as JSON
    #[arg(long)]
    peer: Option<PathBuf>,
    /// murmel-cli, for the memory of an idle client; left out if missing
    #[arg(long)]
    cli: Option<PathBuf>,
    /// Messages in the database
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Messages to catch up with
    #[arg(long, default_value_t = 50_000)]
    missed: usize,
}

/// Fills the database of an account that was made by the app, which is closed meanwhile. Its key comes on standard input, in hex.
#[derive(clap::Args)]
pub struct Fill {
    /// The file
    #[arg(long)]
    database: PathBuf,
    /// Messages, in 50 conversations that nobody else is in
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
}

/// Fills it.
///
/// # Errors
/// The store's, or the key is none.
pub fn fill(arguments: &Fill) -> anyhow::Result<()> {
    let text = Zeroizing::new(std::io::read_to_string(std::io::stdin())?);
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), key.as_mut_slice()).context("a key of 64 hex digits on standard input")?;
    let database = wait(Database::open(&arguments.database, DatabaseKey::new(*key), ()))?;
    let chats = wait(database.write(|tx, ()| corpus::chats(tx)))?;
    insert(&database, &Corpus::new(), &chats, 0..arguments.messages, BULK)?;
    finish(database, &chats, arguments.messages)
}

/// Measures all of it.
///
/// # Errors
/// The store's, the engine's, and those of files.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut report = Report::default();
    let folder = tempfile::tempdir_in(&arguments.disk)?;
    crate::say(&format!("{} messages in {} conversations; times on the clock", arguments.messages, corpus::CHATS));
    crate::say(&rows::heading());
    let (empty, full) = (folder.path().join("empty.db"), folder.path().join("full.db"));
    let corpus = Corpus::new();
    wait(create(&empty)?.0.close());
    let (database, chats) = create(&full)?;
    // What comes last is measured: then the table and the index are as large as they get.
    let before = arguments.messages - arguments.messages / MEASURED;
    let (filled, took) = timed(|| insert(&database, &corpus, &chats, 0..before, BULK));
    filled?;
    report.fact("insert/bulk/rate", before as f64 / (took.wall / 1e6), "rows/s", "the first nine tenths, batches of 4,096");
    let (filled, took) = timed(|| insert(&database, &corpus, &chats, before..arguments.messages, BATCH as u64));
    filled?;
    let count = (arguments.messages - before) as f64;
    report.fact("insert/rate", count / (took.wall / 1e6), "rows/s", "the last tenth, batches of 128, each a transaction with a sync");
    report.fact("insert/processor", took.cpu / count, "µs", "per message of these, with its words in the index");
    finish(database, &chats, arguments.messages)?;
    report.fact("size/file", full.metadata()?.len() as f64 / 1_048_576.0, "MiB", "the write-ahead log is empty");
    let database = open(&full)?;
    pages(&mut report, &database, &chats, &corpus, arguments.messages)?;
    searches(&mut report, &database, &chats)?;
    list(&mut report, &database, &chats)?;
    wait(database.close());
    openings(&mut report, &empty, &full)?;
    catch_up::measure(&mut report, folder.path(), arguments.missed, arguments.peer.as_deref())?;
    if let Some(cli) = &arguments.cli {
        idle::measure(&mut report, cli, folder.path())?;
    }
    crate::close(&report, &arguments.out)
}

fn open(path: &Path) -> anyhow::Result<Database<()>> {
    Ok(wait(Database::open(path, DatabaseKey::new(KEY), ()))?)
}

/// A new database with its conversations.
fn create(path: &Path) -> anyhow::Result<(Database<()>, Vec<ChatId>)> {
    let database = wait(Database::create(path, DatabaseKey::new(KEY), ()))?;
    let chats = wait(database.write(|tx, ()| corpus::chats(tx)))?;
    Ok((database, chats))
}

/// Inserts some messages of the corpus, so many in a transaction.
fn insert(database: &Database<()>, corpus: &Corpus, chats: &[ChatId], which: Range<u64>, at_once: u64) -> anyhow::Result<()> {
    let mut next = which.start;
    while next < which.end {
        let end = (next + at_once).min(which.end);
        let batch: Vec<_> = (next..end).map(|n| corpus.message(n, chats)).collect::<anyhow::Result<_>>()?;
        wait(database.write(move |tx: &Tx<'_>, ()| -> anyhow::Result<()> {
            for message in &batch {
                tx.insert_message(message)?.context("a message twice")?;
                tx.touch_chat(message.chat, message.at)?;
            }
            Ok(())
        }))?;
        next = end;
    }
    Ok(())
}

/// Marks all but the newest messages as read, and closes the file.
fn finish(database: Database<()>, chats: &[ChatId], messages: u64) -> anyhow::Result<()> {
    let read = MessageId(i64::try_from(messages.saturating_sub(corpus::CHATS * 100))?);
    let chats = chats.to_vec();
    wait(database.write(move |tx: &Tx<'_>, ()| -> anyhow::Result<()> {
        Ok(chats.iter().try_for_each(|chat| tx.mark_read(*chat, read).map(drop))?)
    }))?;
    wait(database.close());
    Ok(())
}

/// Runs something on the database's thread again and again; how long each took in there, in milliseconds.
fn sample(
    database: &Database<()>,
    times: u64,
    read: impl Fn(&Tx<'_>, u64) -> anyhow::Result<usize> + Send + 'static,
) -> anyhow::Result<Samples> {
    wait(database.read(move |tx, ()| {
        let mut samples = Samples::default();
        for n in 0..times {
            let (found, took) = timed(|| read(tx, n));
            std::hint::black_box(found?);
            samples.add(took.wall / 1e3);
        }
        Ok(samples)
    }))
}

fn pages(report: &mut Report, database: &Database<()>, chats: &[ChatId], corpus: &Corpus, messages: u64) -> anyhow::Result<()> {
    let chat = |chats: &[ChatId], n: u64| chats.get(usize::try_from(n % corpus::CHATS).unwrap_or(0)).copied().unwrap_or(ChatId::NEW);
    let all = chats.to_vec();
    let newest = sample(database, READS, move |tx, n| Ok(tx.message_page(chat(&all, n), None, PAGE)?.len()))?;
    report.fact("page/newest/p50", newest.percentile(50), "ms", "50 messages");
    report.at_most("page/newest/p95", newest.percentile(95), "ms", 1.0, "");
    let (all, corpus) = (chats.to_vec(), corpus.clone());
    let random = sample(database, READS, move |tx, n| {
        let before = PageKey { at: corpus.at(corpus::spread(n) % messages.max(1)), tie: u64::MAX, id: MessageId(i64::MAX) };
        Ok(tx.message_page(chat(&all, n), Some(before), PAGE)?.len())
    })?;
    report.fact("page/random/p50", random.percentile(50), "ms", "50 messages before any time");
    report.at_most("page/random/p95", random.percentile(95), "ms", 1.0, "");
    Ok(())
}

fn searches(report: &mut Report, database: &Database<()>, chats: &[ChatId]) -> anyhow::Result<()> {
    let one = chats.first().copied();
    let kinds = [
        ("rare", corpus::RARE.to_owned(), None),
        ("common", corpus::COMMON.to_owned(), None),
        ("two words", corpus::PAIR.join(" "), None),
        ("phrase", format!("\"{}\"", corpus::PHRASE), None),
        ("beginning", corpus::COMMON.get(..3).unwrap_or_default().to_owned(), None),
        ("common in one chat", corpus::COMMON.to_owned(), one),
        ("nothing", "nobodysaysthis ".to_owned(), None),
    ];
    for (name, text, chat) in kinds {
        let filter = SearchFilter { terms: Terms::parse(&text), chat, ..SearchFilter::default() };
        let counting = filter.clone();
        let hits: usize = wait(database.read(move |tx, ()| anyhow::Ok(tx.search(&counting, None, 1_000)?.len())))?;
        let samples = sample(database, SEARCHES as u64, move |tx, _| Ok(tx.search(&filter, None, PAGE)?.len()))?;
        report.fact(format!("search/{name}/hits"), hits as f64, "rows", "counted up to 1,000");
        report.fact(format!("search/{name}/p50"), samples.percentile(50), "ms", "the newest 50");
        report.at_most(format!("search/{name}/p95"), samples.percentile(95), "ms", 20.0, "");
    }
    Ok(())
}

/// What the list of conversations asks for each of them.
fn list(report: &mut Report, database: &Database<()>, chats: &[ChatId]) -> anyhow::Result<()> {
    let all = chats.to_vec();
    let samples = sample(database, 50, move |tx, _| {
        let mut found = tx.chats()?.len();
        for chat in &all {
            found += usize::from(tx.newest_message(*chat)?.is_some()) + usize::try_from(tx.unread_count(*chat)?)?;
        }
        Ok(found)
    })?;
    report.fact("list of conversations/p95", samples.percentile(95), "ms", "50 conversations, newest message and unread count of each");
    Ok(())
}

/// Opening and the first page, with nothing of the file in the system's cache.
fn openings(report: &mut Report, empty: &Path, full: &Path) -> anyhow::Result<()> {
    let mut cost = [Samples::default(), Samples::default()];
    let mut warm = Samples::default();
    for _ in 0..OPENINGS {
        for (path, samples) in [empty, full].into_iter().zip(&mut cost) {
            forget(path)?;
            samples.add(first_page(path)?);
        }
        warm.add(first_page(full)?);
    }
    let [empty, full] = cost.map(|samples| samples.percentile(50));
    report.fact("open/cold/empty", empty, "ms", "opened, 50 conversations listed, first page read; median");
    report.at_most("open/cold", full, "ms", 1.5 * empty + 50.0, "the target is 1.5 times that of an empty database, and 50 ms");
    report.fact("open/warm", warm.percentile(50), "ms", "");
    Ok(())
}

fn first_page(path: &Path) -> anyhow::Result<f64> {
    let (opened, took) = timed(|| -> anyhow::Result<Database<()>> {
        let database = open(path)?;
        let read: usize = wait(database.read(|tx, ()| -> anyhow::Result<usize> {
            let chats = tx.chats()?;
            let newest = chats.first().context("no conversation")?.id;
            Ok(chats.len() + tx.message_page(newest, None, PAGE)?.len())
        }))?;
        std::hint::black_box(read);
        Ok(database)
    });
    wait(opened?.close());
    Ok(took.wall / 1e3)
}

/// Takes a file out of the system's cache, where the system lets anybody do so.
fn forget(path: &Path) -> anyhow::Result<()> {
    let file = File::open(path)?;
    file.sync_all()?;
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    Ok(())
}
