//! The storm: what people do, and what befalls them and their relays meanwhile, step by step as the dice fall.
//! It heals nothing; the calm after it does.

use std::time::Duration;

use base64::Engine as _;
use murmel_client::Client;
use murmel_ipc as ipc;
use murmel_ipc::ErrorCode;
use nostr::{Event, EventBuilder, Keys, SecretKey, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::faults::{FaultKind, Odds};
use crate::ledger::Invariant;
use crate::plan::Weather;
use crate::relay::is_group_message;
use crate::simulation::World;

/// Changes that are on their way at a time.
const CHANGES_CAP: usize = 8;

/// A change of the group that somebody asked for.
#[derive(Clone, Debug)]
enum Change {
    Rename(String),
    Describe(String),
    Invite(String),
    Remove(String),
    Promote(String),
    Demote(String),
    Leave,
}

/// What came of something that somebody asked for.
enum Done {
    Change(String),
    /// A text, and why it was not kept.
    Text(String, Option<murmel_client::Error>),
}

/// What comes back of itself, and when.
enum Return {
    Person(usize),
    Online(usize),
    Relay(usize),
    Reachable { relay: usize, person: usize },
    Banned,
}

struct Storm {
    dice: Dice,
    /// How long a partition lasts: of their own, so that the rest of a seed is as it was before partitions could be long.
    far: Dice,
    /// What is under way, and who asked.
    changes: Vec<(usize, JoinHandle<Done>)>,
    returns: Vec<(Instant, Return)>,
}

/// Lets the storm of the plan rage.
pub(crate) async fn rage(world: &mut World) {
    world.note("storm");
    for (number, relay) in world.relays.iter().enumerate() {
        let mut dice = world.plan.dice("odds", number);
        let lies = world.plan.lies(number);
        relay.set_odds(match world.plan.lie {
            _ if !lies => Odds::honest(&mut dice),
            Some(lie) => Odds::lying(&mut dice, lie),
            None => Odds::dishonest(&mut dice),
        });
    }
    let mut storm = Storm { dice: world.plan.dice("storm", 0), far: world.plan.dice("far", 0), changes: Vec::new(), returns: Vec::new() };
    let long_at = (world.plan.weather == Weather::Absence).then(|| storm.dice.between(3, world.plan.steps));
    for step in 0..world.plan.steps {
        storm.wait(world).await;
        if Some(step) == long_at {
            storm.long_absence(world).await;
        }
        storm.step(world).await;
        world.accept_all().await;
        world.observe().await;
    }
    // Who asked for a change is told what became of it, at the latest when the client gives up waiting.
    storm.hear(world, |_, _| true).await;
}

impl Storm {
    /// Mostly a moment, sometimes a while.
    async fn wait(&mut self, world: &mut World) {
        let millis = match self.dice.below(20) {
            0..=9 => self.dice.between(0, 400),
            10..=15 => self.dice.between(400, 5_000),
            16..=18 => self.dice.between(5_000, 60_000),
            _ => self.dice.between(60_000, 900_000),
        };
        tokio::time::sleep(Duration::from_millis(millis)).await;
        self.hear(world, |_, change| change.is_finished()).await;
        self.bring_back(world, Instant::now()).await;
    }

    /// Notes what became of the changes that `which` says.
    async fn hear(&mut self, world: &mut World, which: impl Fn(usize, &JoinHandle<Done>) -> bool) {
        let (over, on): (Vec<_>, Vec<_>) = self.changes.drain(..).partition(|(who, change)| which(*who, change));
        self.changes = on;
        for (who, change) in over {
            match change.await {
                Ok(Done::Change(what)) => world.note(what),
                Ok(Done::Text(text, None)) => {
                    world.note(format!("person {who} says {text}"));
                    world.ledger.sent(who, text);
                }
                Ok(Done::Text(_, Some(error))) if is_expected(&error) => {}
                Ok(Done::Text(_, Some(error))) => world.broken(Invariant::Broken, format!("person {who} cannot write: {error}")),
                // Nobody was told that it is kept, so nothing is promised.
                Err(_) => world.note("something ended with its client"),
            }
        }
    }

    /// Whatever somebody asked for ends here, because their client does.
    async fn give_up(&mut self, world: &mut World, number: usize) {
        for (_, change) in self.changes.iter().filter(|(who, _)| *who == number) {
            change.abort();
        }
        self.hear(world, |who, _| who == number).await;
    }

    async fn bring_back(&mut self, world: &mut World, now: Instant) {
        let mut due = Vec::new();
        let mut later = Vec::new();
        for (at, what) in self.returns.drain(..) {
            if at <= now { due.push(what) } else { later.push((at, what)) }
        }
        self.returns = later;
        for what in due {
            match what {
                Return::Person(number) => {
                    world.note(format!("person {number} starts again"));
                    world.start(number).await;
                }
                Return::Online(number) => {
                    world.note(format!("person {number} is online again"));
                    if let Some(person) = world.people.get_mut(number) {
                        person.set_online(true);
                    }
                }
                Return::Relay(number) => {
                    world.note(format!("relay {number} is up again"));
                    world.relays.iter().skip(number).take(1).for_each(|relay| relay.set_up(true));
                }
                Return::Banned => {
                    world.note("relays take messages of groups again");
                    world.relays.iter().for_each(|relay| relay.ban(false));
                }
                Return::Reachable { relay, person } => {
                    world.note(format!("person {person} reaches relay {relay} again"));
                    world.mend(person, relay).await;
                }
            }
        }
    }

    fn later(&mut self, first: u64, last: u64, what: Return) {
        let at = Instant::now() + Duration::from_secs(self.dice.between(first, last));
        self.returns.push((at, what));
    }

    async fn step(&mut self, world: &mut World) {
        let (messages, changes, crashes, network) = match world.plan.weather {
            Weather::Network => (58, 10, 4, 28),
            Weather::Rivals => (45, 40, 4, 11),
            Weather::Crashes => (52, 16, 22, 10),
            Weather::Absence => (60, 20, 8, 12),
        };
        let throw = self.dice.below(messages + changes + crashes + network);
        if throw < messages {
            self.talk(world).await;
        } else if throw < messages + changes {
            self.change(world).await;
        } else if throw < messages + changes + crashes {
            self.crash(world).await;
        } else {
            self.trouble(world);
        }
    }

    /// Somebody writes, sometimes several times in a row, and sometimes the client may be killed before it says that a text is kept.
    async fn talk(&mut self, world: &mut World) {
        let here: Vec<usize> = world.people.iter().filter(|person| person.here().is_some()).map(|person| person.number).collect();
        let Some(author) = self.dice.pick(&here).copied() else { return };
        let burst = if self.dice.chance(80) { self.dice.between(5, 30) } else { self.dice.between(1, 3) };
        let waits = self.dice.chance(700);
        for _ in 0..burst {
            let Some((client, chat)) = world.people.get(author).and_then(|person| person.here()) else { return };
            let text = world.ledger.text(author);
            self.changes.push((author, tokio::spawn(say(client, chat, text))));
            if waits {
                let own = |who: usize, asked: &JoinHandle<Done>| who == author && asked.is_finished();
                while self.changes.last().is_some_and(|(_, asked)| !asked.is_finished()) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                self.hear(world, own).await;
            }
        }
    }

    /// Somebody changes the group, or tries to.
    async fn change(&mut self, world: &mut World) {
        if self.changes.len() >= CHANGES_CAP || (!world.plan.rivals && !self.changes.is_empty()) {
            return;
        }
        let mut members = Vec::new();
        for person in &world.people {
            if let Some(branch) = person.membership().await {
                members.push((person.number, branch));
            }
        }
        let (admins, others): (Vec<_>, Vec<_>) = members
            .iter()
            .partition(|(number, branch)| world.people.get(*number).is_some_and(|person| branch.admins.contains(&person.hex)));
        let may = others.is_empty() || self.dice.chance(850);
        let Some((who, branch)) = (if may { self.dice.pick(&admins) } else { self.dice.pick(&others) }).copied().cloned() else { return };
        let Some((client, chat)) = world.people.get(who).and_then(|person| person.here()) else { return };
        let Some(change) = self.choose(world, who, &branch, may) else { return };
        enter(world, who, &change, may);
        world.note(format!("person {who} in epoch {} wants to {change:?}", branch.epoch));
        let asked = async move {
            let done = ask(&client, &chat, &change, may).await;
            Done::Change(format!("person {who} wanted to {change:?}: {done}"))
        };
        if world.plan.rivals {
            self.changes.push((who, tokio::spawn(asked)));
        } else {
            self.changes.push((who, tokio::spawn(asked)));
            self.hear(world, |_, _| true).await;
        }
    }

    fn choose(&mut self, world: &World, who: usize, branch: &murmel_client::Branch, may: bool) -> Option<Change> {
        let me = &world.people.get(who)?.hex;
        let number = self.dice.below(1_000_000);
        let others: Vec<String> = branch.members.iter().filter(|hex| *hex != me).cloned().collect();
        let outside: Vec<String> =
            world.people.iter().filter(|person| !branch.members.contains(&person.hex)).map(|person| person.npub.clone()).collect();
        let rivals = world.plan.rivals;
        Some(match self.dice.below(20) {
            0..=6 => Change::Rename(format!("Garden {number}")),
            7..=8 => Change::Describe(format!("About {number}")),
            9..=13 if !outside.is_empty() => Change::Invite(self.dice.pick(&outside)?.clone()),
            14..=15 if others.len() > 1 => Change::Remove(self.dice.pick(&others)?.clone()),
            16..=17 if rivals => Change::Promote(self.dice.pick(&others)?.clone()),
            18 if rivals && branch.admins.len() > 1 => Change::Demote(self.dice.pick(&branch.admins)?.clone()),
            19 if rivals && others.len() > 1 => Change::Leave,
            _ if may => Change::Rename(format!("Garden {number}")),
            _ => return None,
        })
    }

    /// A client is killed, or stopped and started.
    async fn crash(&mut self, world: &mut World) {
        let running: Vec<usize> = world.people.iter().filter(|person| person.client().is_some()).map(|person| person.number).collect();
        let Some(number) = self.dice.pick(&running).copied() else { return };
        let kill = self.dice.chance(800);
        world.note(format!("person {number} is {}", if kill { "killed" } else { "stopped" }));
        self.give_up(world, number).await;
        let Some(person) = world.people.get_mut(number) else { return };
        if kill {
            world.tally.count(FaultKind::Crash);
            person.kill();
        } else {
            person.stop().await;
        }
        let long = self.far.chance(200);
        self.later(0, if long { 3_600 } else { 30 }, Return::Person(number));
    }

    /// Something happens to a relay, to the way there, or to a clock; or a stranger disturbs.
    fn trouble(&mut self, world: &mut World) {
        let relays: Vec<usize> = (0..world.relays.len()).collect();
        let people: Vec<usize> = (0..world.people.len()).collect();
        let (Some(at), Some(number)) = (self.dice.pick(&relays).copied(), self.dice.pick(&people).copied()) else { return };
        let Some(relay) = world.relays.get(at).cloned() else { return };
        match self.dice.below(9) {
            8 => {
                world.tally.count(FaultKind::Ban);
                world.note("no relay takes messages of groups");
                world.relays.iter().for_each(|relay| relay.ban(true));
                self.later(5, 90, Return::Banned);
            }
            0 => {
                world.tally.count(FaultKind::Restart);
                world.note(format!("relay {at} restarts"));
                relay.set_up(true);
            }
            1 => {
                world.tally.count(FaultKind::Outage);
                world.note(format!("relay {at} is down"));
                relay.set_up(false);
                self.later(1, 300, Return::Relay(at));
            }
            2 => {
                world.tally.count(FaultKind::Partition);
                world.note(format!("person {number} does not reach relay {at}"));
                world.cut(number, at);
                let long = self.far.chance(200);
                self.later(1, if long { 7_200 } else { 300 }, Return::Reachable { relay: at, person: number });
            }
            3 | 4 => {
                world.tally.count(FaultKind::Offline);
                world.note(format!("person {number} is offline"));
                world.people.iter_mut().skip(number).take(1).for_each(|person| person.set_online(false));
                let long = self.far.chance(200);
                self.later(1, if long { 7_200 } else { 240 }, Return::Online(number));
            }
            5 if world.plan.skewed => {
                world.tally.count(FaultKind::Skew);
                let seconds = self.dice.below(1_200).cast_signed() - 600;
                world.note(format!("the clock of person {number} jumps by {seconds} seconds"));
                world.people.iter().skip(number).take(1).for_each(|person| person.clock.shift(seconds));
            }
            5 | 6 => self.disturb(world, FaultKind::Garbage),
            _ => self.disturb(world, FaultKind::Rewrap),
        }
    }

    /// A stranger, who sees only what relays show, publishes under the tag of the group.
    fn disturb(&mut self, world: &mut World, how: FaultKind) {
        let events: Vec<Event> =
            world.relays.first().map(|relay| relay.events()).unwrap_or_default().into_iter().filter(is_group_message).collect();
        let Some(seen) = self.dice.pick(&events) else { return };
        let content = match how {
            FaultKind::Garbage => base64::engine::general_purpose::STANDARD.encode([self.dice.bytes(), self.dice.bytes()].concat()),
            _ => seen.content.clone(),
        };
        let now = world.clock.now();
        let at = match self.dice.below(3) {
            0 => now,
            1 => now.saturating_sub(self.dice.below(7_200)),
            _ => now.saturating_add(self.dice.below(365 * 24 * 3600)),
        };
        let Ok(key) = SecretKey::from_slice(&self.dice.bytes()) else { return };
        let event = EventBuilder::new(seen.kind, content).tags(seen.tags.iter().cloned()).custom_created_at(Timestamp::from_secs(at));
        let Ok(event) = event.sign_with_keys(&Keys::new(key)) else { return };
        world.tally.count(how);
        world.note(format!("a stranger disturbs: {}", how.name()));
        for relay in world.relays.iter() {
            relay.put(event.clone());
        }
    }

    /// One person is away for days while the others go on; then everybody is, and then they meet again.
    async fn long_absence(&mut self, world: &mut World) {
        let people: Vec<usize> = (0..world.people.len()).collect();
        let Some(away) = self.dice.pick(&people).copied() else { return };
        world.note(format!("person {away} goes away"));
        world.tally.count(FaultKind::Offline);
        self.returns.retain(|(_, what)| !matches!(what, Return::Person(_)));
        for number in &people {
            if *number == away {
                self.give_up(world, away).await;
                if let Some(person) = world.people.get_mut(away) {
                    person.stop().await;
                }
            } else {
                world.start(*number).await;
            }
        }
        for _ in 0..8 {
            self.wait(world).await;
            if self.dice.chance(700) { self.talk(world).await } else { self.change(world).await }
        }
        for number in &people {
            self.give_up(world, *number).await;
            if let Some(person) = world.people.get_mut(*number) {
                person.stop().await;
            }
        }
        let days = self.dice.between(1, 30);
        world.note(format!("{days} days pass"));
        tokio::time::sleep(Duration::from_secs(days * 24 * 3600)).await;
        for number in people {
            world.start(number).await;
        }
    }
}

/// Enters into the ledger what may come of a change.
fn enter(world: &mut World, who: usize, change: &Change, may: bool) {
    let Some(me) = world.people.get(who).map(|person| person.hex.clone()) else { return };
    match change {
        Change::Leave => world.ledger.departure(&me),
        // Whoever is no admin gets nothing, whatever it is.
        _ if !may => {}
        Change::Rename(name) => world.ledger.name(name),
        Change::Describe(text) => world.ledger.description(text),
        Change::Remove(hex) => world.ledger.departure(hex),
        Change::Promote(hex) => world.ledger.admin(hex),
        Change::Invite(_) | Change::Demote(_) => {}
    }
}

async fn say(client: Client, chat: String, text: String) -> Done {
    let sent = client.send(ipc::SendMessage { chat, text: text.clone(), reply_to: None }).await;
    Done::Text(text, sent.err())
}

/// Whether it is no fault of the client that somebody cannot write.
fn is_expected(error: &murmel_client::Error) -> bool {
    matches!(error.code, ErrorCode::GroupInactive | ErrorCode::NotFound | ErrorCode::Busy)
}

async fn ask(client: &Client, chat: &str, change: &Change, may: bool) -> String {
    let done = match change {
        Change::Rename(name) => client.rename(chat, name).await,
        Change::Describe(text) => client.describe(chat, text).await,
        Change::Invite(who) => client.invite(chat, vec![who.clone()]).await.map(drop),
        Change::Remove(who) => client.remove_member(chat, who).await,
        Change::Promote(who) => client.promote(chat, who).await,
        Change::Demote(who) => client.demote(chat, who).await,
        Change::Leave => client.leave(chat, None).await,
    };
    match done {
        Ok(()) if may || matches!(change, Change::Leave) => "done".to_owned(),
        Ok(()) => "done, although not allowed".to_owned(),
        Err(error) => format!("{:?}", error.code),
    }
}
