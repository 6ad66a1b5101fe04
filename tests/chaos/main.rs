//! Runs simulations: each seed in a process of its own, so that it finds the same world whenever it is replayed.
//! It decides nothing about a seed.

mod fate;

use std::io::Read as _;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::Builder;
use std::time::{Duration, Instant};

use murmel_sim::faults::{FaultKind, LIES};
use murmel_sim::outcome::{Totals, Verdict};
use murmel_sim::plan::Plan;
use murmel_sim::simulation::{self, Surroundings};

/// MLS over trees recurses deeply, more so without optimisation.
const STACK: usize = 64 * 1024 * 1024;
/// 1 January 2027, when every simulation begins.
const BEGIN: u64 = 1_798_761_600;
/// How long a seed may take in real time before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);
/// Broken promises of one seed that are printed.
const SHOWN: usize = 4;

struct Arguments {
    first: u64,
    seeds: u64,
    jobs: usize,
    json: bool,
    trace: bool,
    rivals: bool,
    one: bool,
    /// The one lie that relays tell.
    lie: Option<FaultKind>,
    /// All seeds once for each lie.
    lies: bool,
    /// Which records of the log to print, as `murmel_client=debug`.
    log: Option<String>,
}

fn main() -> ExitCode {
    fate::prepare();
    let arguments = match read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!(
                "{wrong}\nusage: murmel-chaos [--first SEED] [--seeds N] [--jobs N] [--json] [--trace] [--log FILTER] [--no-rivals] [--lie NAME | --lies]"
            );
            return ExitCode::from(2);
        }
    };
    if arguments.one || arguments.trace {
        one(&arguments)
    } else if arguments.lies {
        lies(&arguments)
    } else {
        many(&arguments)
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments =
        Arguments { first: 0, seeds: 200, jobs: 2, json: false, trace: false, rivals: true, one: false, lie: None, lies: false, log: None };
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse::<u64>().ok()).ok_or(format!("{word} needs a number"));
        match word.as_str() {
            "--first" => arguments.first = number()?,
            "--seeds" => arguments.seeds = number()?,
            "--jobs" => arguments.jobs = number()?.clamp(1, 64) as usize,
            "--json" => arguments.json = true,
            "--trace" => arguments.trace = true,
            "--no-rivals" => arguments.rivals = false,
            "--log" => arguments.log = words.next(),
            "--one" => arguments.one = true,
            "--lies" => arguments.lies = true,
            "--lie" => {
                let name = words.next().unwrap_or_default();
                arguments.lie = Some(LIES.iter().find(|(lie, _)| lie.name() == name).ok_or(format!("{name:?} is no lie"))?.0);
            }
            _ => return Err(format!("{word} is unknown")),
        }
    }
    Ok(arguments)
}

/// Runs one seed in this process, on a thread whose randomness it decides from its first moment on.
fn one(arguments: &Arguments) -> ExitCode {
    let (mut plan, trace) = (Plan::of(arguments.first, arguments.rivals), arguments.trace);
    if let Some(lie) = arguments.lie {
        plan = plan.with_lie(lie);
    }
    if let Some(filter) = &arguments.log {
        tracing_subscriber::fmt().with_env_filter(filter).without_time().with_writer(std::io::stderr).init();
    }
    fate::set_time(BEGIN);
    let running = Builder::new().stack_size(STACK).spawn(move || {
        fate::decide(plan.seed);
        let folder = folder();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let surroundings = Surroundings { begin: BEGIN, tell_time: fate::set_time };
        let outcome = runtime.block_on(simulation::run(plan, surroundings, folder.path(), trace));
        runtime.shutdown_background();
        outcome
    });
    let outcome = running.unwrap().join().unwrap();
    for line in &outcome.trace {
        println!("{line}");
    }
    println!("{}", serde_json::to_string(&Verdict::from(&outcome)).unwrap());
    ExitCode::from(u8::from(!outcome.violations.is_empty()))
}

/// In memory where that is to be had.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

struct Running {
    seed: u64,
    process: Child,
    since: Instant,
}

/// Runs seed after seed and says what came of them.
fn many(arguments: &Arguments) -> ExitCode {
    let totals = all(arguments, arguments.lie);
    totals.lines().iter().for_each(|line| println!("{line}"));
    if arguments.json {
        println!("{}", totals.json());
    }
    ExitCode::from(u8::from(totals.failed() > 0))
}

/// Runs all seeds once for each lie. In JSON: by lie, what [`Totals::json`] says; `failed` is their sum.
fn lies(arguments: &Arguments) -> ExitCode {
    let (mut by_lie, mut failed) = (serde_json::Map::new(), 0);
    for (lie, _) in LIES {
        let totals = all(arguments, Some(lie));
        let json = totals.json();
        println!("{:<20} {:>6} times in {} seeds, {} failed", lie.name(), json["faults"][lie.name()], totals.seeds(), totals.failed());
        failed += totals.failed();
        by_lie.insert(lie.name().to_owned(), json);
    }
    if arguments.json {
        println!("{}", serde_json::json!({ "lies": by_lie, "failed": failed }));
    }
    ExitCode::from(u8::from(failed > 0))
}

/// Runs seed after seed, each in a process of its own.
fn all(arguments: &Arguments, lie: Option<FaultKind>) -> Totals {
    let mut totals = Totals::default();
    let mut waiting = arguments.first..arguments.first.saturating_add(arguments.seeds);
    let mut running: Vec<Running> = Vec::new();
    loop {
        while running.len() < arguments.jobs {
            let Some(seed) = waiting.next() else { break };
            running.push(start(seed, arguments.rivals, lie));
        }
        if running.is_empty() {
            break;
        }
        let done = running.iter_mut().position(|one| !matches!(one.process.try_wait(), Ok(None)) || one.since.elapsed() > PATIENCE);
        match done {
            Some(index) => {
                let verdict = finish(running.swap_remove(index));
                report(&verdict, lie);
                totals.add(&verdict);
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    totals
}

fn start(seed: u64, rivals: bool, lie: Option<FaultKind>) -> Running {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--one", "--first", &seed.to_string()]);
    if !rivals {
        command.arg("--no-rivals");
    }
    command.args(lie.iter().flat_map(|lie| ["--lie", lie.name()]));
    let process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    Running { seed, process, since: Instant::now() }
}

fn finish(running: Running) -> Verdict {
    let Running { seed, mut process, since } = running;
    let hung = since.elapsed() > PATIENCE;
    if hung {
        drop(process.kill());
    }
    let (mut said, mut complained) = (String::new(), String::new());
    drop(process.stdout.take().map(|mut out| out.read_to_string(&mut said)));
    drop(process.stderr.take().map(|mut err| err.read_to_string(&mut complained)));
    drop(process.wait());
    said.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| {
        let why = if hung { "hung".to_owned() } else { complained.lines().take(6).collect::<Vec<_>>().join(" / ") };
        Verdict {
            seed,
            violations: vec![("broken".to_owned(), format!("the simulation ended without a verdict: {why}"))],
            ..Verdict::default()
        }
    })
}

fn report(verdict: &Verdict, lie: Option<FaultKind>) {
    for (name, detail) in verdict.violations.iter().take(SHOWN) {
        println!("seed {}: {name}: {detail}", verdict.seed);
    }
    if let Some(more) = verdict.violations.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        println!("  and {more} more");
    }
    if !verdict.violations.is_empty() {
        let lie = lie.map_or_else(String::new, |lie| format!(" --lie {}", lie.name()));
        println!("  replay: cargo xtask chaos --first {} --seeds 1{lie}", verdict.seed);
    }
}
