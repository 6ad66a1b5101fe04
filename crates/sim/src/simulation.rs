//! One seed from its first throw to its verdict: calm, storm, calm again, and the judge.
//! It decides what happens to whom by the plan alone; clients, engine and database are the real ones.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use murmel_client::{Clock, Housekeeping};
use murmel_ipc as ipc;
use nostr::{Keys, SecretKey};
use tokio::time::Instant;

use crate::faults::Tally;
use crate::ledger::{Invariant, Judgement, Ledger};
use crate::outcome::Outcome;
use crate::person::Person;
use crate::plan::Plan;
use crate::relay::Relay;
use crate::storm;

/// How long the set-up of everybody may take, in simulated seconds.
const SETUP_PATIENCE: u64 = 600;
/// How long it may take until everybody agrees after the storm, in simulated seconds.
const CALM_PATIENCE: u64 = 3 * 3600;
/// How long nothing may change before it is over, in simulated seconds.
const QUIET: u64 = 180;
/// How long people wait before they believe that the group went on without them; shorter than [`QUIET`] by a good deal.
const LEFT_BEHIND: Duration = Duration::from_secs(60);
/// How often people look whether relays have what they took: what was taken a minute ago is found within [`QUIET`].
const KEPT: Duration = Duration::from_secs(45);
/// Events that a client looks up at once: few, so that what a storm holds back takes several slices.
const SLICE: usize = 50;
/// How often the calm is looked at, in simulated seconds.
const LOOK: u64 = 5;
/// So long that it never happens in a simulation.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// What the program that runs a simulation brings along.
#[derive(Clone, Copy)]
pub struct Surroundings {
    /// Unix seconds at which the simulation begins.
    pub begin: u64,
    /// Told the simulated time again and again, for a program that can set its system clock by it.
    pub tell_time: fn(u64),
}

/// Everything in one seed.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) surroundings: Surroundings,
    pub(crate) clock: Clock,
    pub(crate) relays: Arc<Vec<Arc<Relay>>>,
    pub(crate) people: Vec<Person>,
    pub(crate) ledger: Ledger,
    pub(crate) tally: Tally,
    trace: Option<Vec<String>>,
    digest: u64,
}

/// Runs a seed. Has to be called in a runtime whose clock is paused; files are put into `folder`. `trace`: keep what happened.
pub async fn run(plan: Plan, surroundings: Surroundings, folder: &Path, trace: bool) -> Outcome {
    let origin = Instant::now();
    let clock = Clock::running(origin, surroundings.begin);
    let ticking = tokio::spawn(tell_time(clock.clone(), surroundings.tell_time));
    let mut world = World::new(plan, surroundings, clock, folder, trace);
    let begun = world.begin().await;
    let mut convergence = 0;
    if begun {
        storm::rage(&mut world).await;
        convergence = world.calm_down().await;
    }
    let World { plan, people, ledger, tally, trace, digest, .. } = world;
    let messages = ledger.count();
    let Judgement { violations, forks, beyond_reach } = ledger.judge(&people).await;
    for mut person in people {
        person.kill();
    }
    ticking.abort();
    let simulated_secs = origin.elapsed().as_secs();
    Outcome {
        seed: plan.seed,
        violations,
        faults: tally.all(),
        messages,
        forks,
        beyond_reach,
        convergence,
        simulated_secs,
        digest,
        trace: trace.unwrap_or_default(),
    }
}

async fn tell_time(clock: Clock, tell: fn(u64)) {
    loop {
        tell(clock.now());
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

impl World {
    fn new(plan: Plan, surroundings: Surroundings, clock: Clock, folder: &Path, trace: bool) -> Self {
        let tally = Tally::default();
        let mut dice = plan.dice("world", 0);
        let relays: Arc<Vec<Arc<Relay>>> = Arc::new(
            (0..plan.relays)
                .map(|number| {
                    let page = *dice.pick(&[500_usize, 250, 100]).unwrap_or(&500);
                    Arc::new(Relay::new(format!("wss://relay{number}.sim.example"), plan.dice("relay", number), page, tally.clone()))
                })
                .collect(),
        );
        let urls: Vec<String> = relays.iter().map(|relay| relay.url().to_owned()).collect();
        let people = (0..plan.people)
            .map(|number| {
                let mut dice = plan.dice("person", number);
                // Everybody knows the honest one, so that one honest relay is enough.
                let known = urls.iter().enumerate().filter(|(at, _)| *at == 0 || number == 0 || dice.chance(700));
                let known = known.map(|(_, url)| url.clone()).collect();
                let skew = if plan.skewed { dice.between(0, 2_400).cast_signed() - 1_200 } else { 0 };
                let personal = Clock::running(Instant::now(), clock.now());
                personal.shift(skew);
                let keys = Keys::new(secret_key(&plan, number));
                let mut person = Person::new(number, keys, personal, known, Arc::clone(&relays), folder);
                // A rotation is a change of the group, too.
                let rotation_grace = if plan.rivals { Housekeeping::default().rotation_grace } else { NEVER };
                person.set_housekeeping(Housekeeping {
                    rotation_grace,
                    left_behind: LEFT_BEHIND,
                    reach_first: NEVER,
                    people_first: NEVER,
                    look_back_first: NEVER,
                    kept_every: KEPT,
                    slice: SLICE,
                    ..Housekeeping::default()
                });
                person
            })
            .collect();
        let trace = trace.then(Vec::new);
        Self { plan, surroundings, clock, relays, people, ledger: Ledger::default(), tally, trace, digest: 0xcbf2_9ce4_8422_2325 }
    }

    /// Notes what happens. Two runs of a seed note the same.
    pub(crate) fn note(&mut self, what: impl Into<String>) {
        let line = format!("{:>8} {}", self.clock.now().saturating_sub(self.surroundings.begin), what.into());
        for byte in line.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(trace) = &mut self.trace {
            trace.push(line);
        }
    }

    pub(crate) fn broken(&mut self, invariant: Invariant, detail: String) {
        self.note(format!("{}: {detail}", invariant.name()));
        self.ledger.break_promise(invariant, detail);
    }

    /// Starts somebody; a client that cannot be opened is a broken promise.
    pub(crate) async fn start(&mut self, number: usize) {
        let Some(person) = self.people.get_mut(number) else { return };
        if let Err(error) = person.start().await {
            self.broken(Invariant::Broken, format!("the client of person {number} does not open: {error}"));
        }
    }

    /// Accounts, their set-up, and the group.
    async fn begin(&mut self) -> bool {
        let (plan, begin) = (self.plan.clone(), self.surroundings.begin);
        self.note(format!("{plan:?} from {begin}").split(" from ").next().unwrap_or_default().to_owned());
        for number in 0..self.people.len() {
            self.start(number).await;
        }
        if !self.all_set_up().await {
            self.broken(Invariant::Restless, "the set-up of an account never ends on relays that work".to_owned());
            return false;
        }
        let founders = plan.founders;
        let invited: Vec<String> = self.people.iter().take(founders).skip(1).map(|person| person.npub.clone()).collect();
        let Some(client) = self.people.first().and_then(Person::client).cloned() else { return false };
        let args = ipc::NewGroup { name: "Garden".into(), description: String::new(), people: invited };
        self.ledger.name("Garden");
        self.ledger.description("");
        let created = match client.create_group(args).await {
            Ok(created) if created.not_invited.is_empty() => created,
            other => {
                self.broken(Invariant::Broken, format!("the group could not be made: {other:?}"));
                return false;
            }
        };
        if let Some(creator) = self.people.first_mut() {
            creator.chat = Some(created.chat.clone());
            creator.joined.push(0);
            self.ledger.admin(&creator.hex);
        }
        for _ in 0..SETUP_PATIENCE {
            self.accept_all().await;
            if self.people.iter().take(founders).all(|person| person.chat.is_some()) {
                return self.appoint(&client, &created.chat).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.broken(Invariant::Deaf, "an invitation does not arrive on relays that work".to_owned());
        false
    }

    async fn all_set_up(&self) -> bool {
        for _ in 0..SETUP_PATIENCE {
            let mut all = true;
            for person in &self.people {
                all &= person.is_set_up().await;
            }
            if all {
                return true;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        false
    }

    /// Further admins, one after the other.
    async fn appoint(&mut self, client: &murmel_client::Client, chat: &str) -> bool {
        let chosen: Vec<(String, String)> =
            self.people.iter().take(self.plan.admins).skip(1).map(|person| (person.npub.clone(), person.hex.clone())).collect();
        for (npub, hex) in chosen {
            self.ledger.admin(&hex);
            if let Err(error) = client.promote(chat, &npub).await {
                self.broken(Invariant::Broken, format!("nobody can be made an admin in calm weather: {error}"));
                return false;
            }
        }
        true
    }

    /// Accepts what waits anywhere.
    pub(crate) async fn accept_all(&mut self) {
        let mut accepted = Vec::new();
        for person in &mut self.people {
            if person.accept_all().await > 0 {
                accepted.push((person.number, person.joined.last().copied().unwrap_or(0)));
            }
        }
        for (number, epoch) in accepted {
            self.note(format!("person {number} joins in epoch {epoch}"));
        }
    }

    /// Frames between a person and a relay vanish from now on.
    pub(crate) fn cut(&mut self, person: usize, relay: usize) {
        self.relays.iter().skip(relay).take(1).for_each(|relay| relay.block(person, true));
        if self.honest_relays().all(|relay| relay.is_blocked(person)) {
            self.ledger.cut_off(person);
        }
    }

    /// They pass again.
    pub(crate) async fn mend(&mut self, person: usize, relay: usize) {
        if !self.plan.lies(relay) && self.ledger.is_cut_off(person) {
            let branch = match self.people.get(person) {
                Some(person) => person.branch().await,
                None => None,
            };
            // Nobody is excused whose place is not known.
            self.ledger.reached(person, branch.map_or(0, |branch| branch.epoch));
        }
        self.relays.iter().skip(relay).take(1).for_each(|relay| relay.block(person, false));
    }

    fn honest_relays(&self) -> impl Iterator<Item = &Arc<Relay>> {
        self.relays.iter().enumerate().filter(|(at, _)| !self.plan.lies(*at)).map(|(_, relay)| relay)
    }

    /// Looks where everybody stands.
    pub(crate) async fn observe(&mut self) -> Vec<String> {
        let mut standing = Vec::new();
        for person in &self.people {
            let branch = person.branch().await;
            if let Some(branch) = &branch {
                self.ledger.observe(branch);
            }
            standing.push(branch.map_or_else(String::new, |branch| {
                let tag = branch.authenticator.iter().take(3).map(|byte| format!("{byte:02x}")).collect::<String>();
                format!("{}:{:?}:{}:{tag}", person.number, branch.state, branch.epoch)
            }));
        }
        standing
    }

    /// The network heals, everybody is online, and everything runs until nothing changes any more; how long that took, in seconds.
    async fn calm_down(&mut self) -> u64 {
        self.note("calm");
        let people = 0..self.people.len();
        for person in people.clone() {
            for relay in 0..self.relays.len() {
                self.mend(person, relay).await;
            }
        }
        for (at, relay) in self.relays.iter().enumerate() {
            relay.set_odds(crate::faults::Odds::none());
            relay.ban(false);
            // What a liar left open, such as a request whose end it never announced, stays open as long as its connection.
            if !relay.is_up() || self.plan.lies(at) {
                relay.set_up(true);
            }
        }
        for number in people {
            if let Some(person) = self.people.get_mut(number) {
                person.set_online(true);
            }
            self.start(number).await;
        }
        let begun = Instant::now();
        let (mut last, mut changed_at) = (String::new(), 0);
        loop {
            tokio::time::sleep(Duration::from_secs(LOOK)).await;
            self.accept_all().await;
            let now = begun.elapsed().as_secs();
            let (standing, settled) = (self.standing().await, self.unsettled().await.is_none());
            if standing != last || !settled {
                if standing != last {
                    self.note(standing.clone());
                }
                (last, changed_at) = (standing, now);
            }
            if now.saturating_sub(changed_at) >= QUIET {
                return changed_at;
            }
            if now >= CALM_PATIENCE {
                let unsettled = self.unsettled().await.unwrap_or_else(|| "the conversation goes on changing".to_owned());
                self.broken(Invariant::Restless, format!("it does not come to rest after the storm: {unsettled}"));
                return now;
            }
        }
    }

    /// Everything that may still change, in one text.
    async fn standing(&mut self) -> String {
        let mut standing = self.observe().await;
        for person in &self.people {
            let Some((client, chat)) = person.here() else { continue };
            standing.push(client.carried(&chat).await.map_or(0, |rows| rows.len()).to_string());
        }
        standing.join(" ")
    }

    /// Who has something left to do, and what; `None` where nobody has.
    async fn unsettled(&self) -> Option<String> {
        for person in &self.people {
            let Some(client) = person.client() else { continue };
            match client.settle(Duration::ZERO).await {
                Ok(settled) if settled.outbox_open == 0 && settled.caught_up => {}
                Ok(settled) => return Some(format!("person {}: {settled:?}", person.number)),
                Err(error) => return Some(format!("person {}: {error}", person.number)),
            }
        }
        None
    }
}

fn secret_key(plan: &Plan, number: usize) -> SecretKey {
    let mut dice = plan.dice("key", number);
    loop {
        // All but a few of 2^256 numbers are keys.
        if let Ok(key) = SecretKey::from_slice(&dice.bytes()) {
            return key;
        }
    }
}
