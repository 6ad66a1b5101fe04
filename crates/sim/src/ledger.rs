//! The ledger: everything that anybody asked for, and what has to have become of it in the end.
//! It looks at clients only through what they show, and at nothing while the storm lasts.

use std::collections::{BTreeMap, BTreeSet};

use murmel_client::{Branch, Carried, Standing};
use murmel_ipc as ipc;

use crate::person::Person;

/// Broken promises that are kept of one seed; one is enough to fail it.
pub const VIOLATIONS_CAP: usize = 50;

/// So many epochs back messages can be read (Marmot convergence policy v1).
const PAST_EPOCHS: u64 = 5;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which promise.
    pub invariant: Invariant,
    /// What was seen.
    pub detail: String,
}

macro_rules! invariants {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What has to hold in the end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Invariant { $($(#[$doc])* $name,)* }

        impl Invariant {
            /// Its name in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

invariants! {
    /// What was sent is there for everybody who was a member in its epoch, or is visibly withdrawn or failed for its author.
    Lost = "lost",
    /// Nothing is there twice.
    Duplicated = "duplicated",
    /// All members are in one epoch of one branch, with one name, and the same members and admins.
    Diverged = "diverged",
    /// Nobody stays behind, and no invitation is never heard of.
    Deaf = "deaf",
    /// What its author sees as sent, somebody else has.
    FalseSent = "false_sent",
    /// Nobody shows a message that its author does not have.
    Phantom = "phantom",
    /// Nothing changed that no admin asked for.
    Unauthorised = "unauthorised",
    /// Nobody reads what was said before they came.
    Overheard = "overheard",
    /// It ends.
    Restless = "restless",
    /// A client opens again after whatever happened to it, and does not fail for a fault of ours.
    Broken = "broken",
}

/// A message that somebody was told is kept.
#[derive(Clone, Debug)]
struct Sent {
    author: usize,
    text: String,
}

/// A time in which somebody reached no honest relay, so that the others withheld from them whatever they liked.
#[derive(Clone, Debug)]
struct CutOff {
    person: usize,
    /// The messages that were kept before it.
    from: usize,
    /// Where it ended: the messages that were kept by then, and the epoch in which the person was; `None` while it lasts.
    until: Option<(usize, u64)>,
}

/// What was asked for.
#[derive(Debug, Default)]
pub struct Ledger {
    sent: Vec<Sent>,
    cut_off: Vec<CutOff>,
    names: BTreeSet<String>,
    descriptions: BTreeSet<String>,
    /// Public keys of those that somebody wanted to remove, or that wanted to leave.
    departures: BTreeSet<String>,
    /// Public keys of those that somebody wanted to be an admin.
    admins: BTreeSet<String>,
    /// Per epoch, every authenticator that was seen.
    epochs: BTreeMap<u64, BTreeSet<Vec<u8>>>,
    broken: Vec<Violation>,
    next: u64,
}

/// The verdict.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Broken promises.
    pub violations: Vec<Violation>,
    /// Epochs after which there was more than one branch.
    pub forks: usize,
    /// Messages that did not reach somebody because the group was more than five epochs further when the only relay that had them could be
    /// reached: by their author, who was out of the group by then, or by whoever lacks them (RFC 9420 §14: nobody has the keys any more, and nobody
    /// who could say it again knows).
    pub beyond_reach: usize,
}

/// Everything that one person shows in the end.
struct Shown {
    person: usize,
    branch: Option<Branch>,
    carried: Vec<Carried>,
    states: BTreeMap<i64, ipc::MessageState>,
    forks: BTreeSet<u64>,
    /// The epoch that they began in by another invitation than the one that was accepted, because the others are where that one leads to.
    moved: Option<u64>,
}

impl Ledger {
    /// A text that nobody has used.
    pub fn text(&mut self, author: usize) -> String {
        self.next += 1;
        format!("{author}/{}", self.next)
    }

    /// A message was kept.
    pub fn sent(&mut self, author: usize, text: String) {
        self.sent.push(Sent { author, text });
    }

    /// Somebody reaches no honest relay from now on.
    pub fn cut_off(&mut self, person: usize) {
        if !self.is_cut_off(person) {
            self.cut_off.push(CutOff { person, from: self.sent.len(), until: None });
        }
    }

    /// Whether somebody reaches no honest relay.
    pub fn is_cut_off(&self, person: usize) -> bool {
        self.cut_off.iter().any(|cut| cut.person == person && cut.until.is_none())
    }

    /// Somebody who reached no honest relay reaches one again; they are in this epoch.
    pub fn reached(&mut self, person: usize, epoch: u64) {
        let until = (self.sent.len(), epoch);
        self.cut_off.iter_mut().filter(|cut| cut.person == person && cut.until.is_none()).for_each(|cut| cut.until = Some(until));
    }

    /// Whether somebody reached no honest relay from before the message `at` of the ledger was kept until the keys of its `epoch` were gone.
    fn could_not_hear(&self, person: usize, at: usize, epoch: u64) -> bool {
        let of = self.cut_off.iter().filter(|cut| cut.person == person && cut.from <= at).filter_map(|cut| cut.until);
        of.into_iter().any(|(until, there)| at < until && there > epoch + PAST_EPOCHS)
    }

    /// How many messages were kept.
    pub fn count(&self) -> usize {
        self.sent.len()
    }

    /// Somebody allowed asks for a name.
    pub fn name(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// Somebody allowed asks for a description.
    pub fn description(&mut self, text: &str) {
        self.descriptions.insert(text.to_owned());
    }

    /// Somebody is to go.
    pub fn departure(&mut self, hex: &str) {
        self.departures.insert(hex.to_owned());
    }

    /// Somebody is to be an admin.
    pub fn admin(&mut self, hex: &str) {
        self.admins.insert(hex.to_owned());
    }

    /// A promise was seen broken on the way.
    pub fn break_promise(&mut self, invariant: Invariant, detail: String) {
        if self.broken.len() < VIOLATIONS_CAP {
            self.broken.push(Violation { invariant, detail });
        }
    }

    /// Somebody was seen in this epoch.
    pub fn observe(&mut self, branch: &Branch) {
        if branch.state != Standing::Gone {
            self.epochs.entry(branch.epoch).or_default().insert(branch.authenticator.clone());
        }
    }

    /// Judges the end.
    pub async fn judge(mut self, people: &[Person]) -> Judgement {
        let mut shown = Vec::with_capacity(people.len());
        for person in people {
            shown.push(show(person).await);
        }
        // Epochs that were seen with more than one branch, or that a client says had one.
        let mut forks: BTreeSet<u64> = self.epochs.iter().filter(|(_, branches)| branches.len() > 1).map(|(epoch, _)| epoch - 1).collect();
        forks.extend(shown.iter().flat_map(|one| one.forks.iter().copied()));
        self.judge_state(people, &shown);
        let beyond_reach = self.judge_messages(people, &shown);
        Judgement { violations: self.broken, forks: forks.len(), beyond_reach }
    }

    fn judge_state(&mut self, people: &[Person], shown: &[Shown]) {
        let active: Vec<(&Shown, &Branch)> =
            shown.iter().filter_map(|one| Some((one, one.branch.as_ref().filter(|branch| branch.state != Standing::Gone)?))).collect();
        let Some((_, newest)) = active.iter().max_by_key(|(_, branch)| branch.epoch) else { return };
        let newest = (*newest).clone();
        for (one, branch) in &active {
            let who = one.person;
            if branch.epoch == newest.epoch {
                if branch.authenticator != newest.authenticator {
                    self.break_promise(Invariant::Diverged, format!("person {who} is on a branch of their own in epoch {}", branch.epoch));
                } else if (&branch.members, &branch.admins, &branch.name, &branch.description)
                    != (&newest.members, &newest.admins, &newest.name, &newest.description)
                {
                    self.break_promise(Invariant::Diverged, format!("person {who} shows another group in the same epoch"));
                }
            } else {
                let alone = self.epochs.get(&branch.epoch).is_some_and(|branches| branches.len() > 1);
                let invariant = if alone { Invariant::Diverged } else { Invariant::Deaf };
                self.break_promise(invariant, format!("person {who} is in epoch {} while the newest is {}", branch.epoch, newest.epoch));
            }
        }
        for person in people {
            let member = newest.members.contains(&person.hex);
            let here = active.iter().any(|(one, _)| one.person == person.number);
            if member && !here {
                self.break_promise(Invariant::Deaf, format!("person {} is a member and does not know it", person.number));
            }
            let was = person.chat.is_some();
            if was && !member && !here && !self.departures.contains(&person.hex) {
                self.break_promise(Invariant::Unauthorised, format!("person {} was removed although nobody asked for it", person.number));
            }
            if newest.admins.contains(&person.hex) && !self.admins.contains(&person.hex) {
                self.break_promise(Invariant::Unauthorised, format!("person {} is an admin although nobody asked for it", person.number));
            }
        }
        if !self.names.contains(&newest.name) {
            self.break_promise(Invariant::Unauthorised, format!("the group is called {:?}, which no admin asked for", newest.name));
        }
        if !self.descriptions.contains(&newest.description) {
            self.break_promise(Invariant::Unauthorised, "the group has a description that no admin asked for".to_owned());
        }
    }

    /// How many messages are beyond reach.
    fn judge_messages(&mut self, people: &[Person], shown: &[Shown]) -> usize {
        let authors: BTreeMap<&str, usize> = self.sent.iter().map(|sent| (sent.text.as_str(), sent.author)).collect();
        let mut found = Vec::new();
        for one in shown {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for row in &one.carried {
                *counts.entry(&row.content).or_default() += 1;
            }
            for (text, count) in counts.iter().filter(|(_, count)| **count > 1) {
                found.push((Invariant::Duplicated, format!("person {} has {text} {count} times", one.person)));
            }
            for row in one.carried.iter().filter(|row| !row.mine) {
                let author = people.iter().find(|person| person.hex == row.sender).map(|person| person.number);
                let has = |author: usize| shown.iter().any(|other| other.person == author && other.has(&row.content));
                match author {
                    Some(author) if has(author) && authors.get(row.content.as_str()).is_none_or(|kept| *kept == author) => {}
                    _ => found
                        .push((Invariant::Phantom, format!("person {} has {}, which its author does not have", one.person, row.content))),
                }
                if let [joined] = joined(people, one.person)
                    && row.epoch < *joined
                    && one.moved.is_none()
                {
                    let detail = format!("person {} came in epoch {joined} and reads {} of epoch {}", one.person, row.content, row.epoch);
                    found.push((Invariant::Overheard, detail));
                }
            }
        }
        let mut beyond_reach = 0;
        for (at, sent) in self.sent.iter().enumerate() {
            let (broken, beyond) = judge_message(sent, people, shown, |person, epoch| self.could_not_hear(person, at, epoch));
            found.extend(broken);
            beyond_reach += usize::from(beyond);
        }
        for (invariant, detail) in found {
            self.break_promise(invariant, detail);
        }
        beyond_reach
    }
}

/// What became of one message, and whether it is beyond reach. `cut_off`: whether a person could not hear what was said then in an epoch before
/// its keys were gone.
fn judge_message(
    sent: &Sent,
    people: &[Person],
    shown: &[Shown],
    cut_off: impl Fn(usize, u64) -> bool,
) -> (Vec<(Invariant, String)>, bool) {
    let Sent { author, text } = sent;
    let mut found = Vec::new();
    let Some(own) = shown.iter().find(|one| one.person == *author) else { return (found, false) };
    let Some(row) = own.carried.iter().find(|row| row.mine && row.content == *text) else {
        found.push((Invariant::Lost, format!("{text} is gone from its own author, person {author}")));
        return (found, false);
    };
    let gone = own.branch.as_ref().is_none_or(|branch| branch.state == Standing::Gone);
    match own.states.get(&row.message) {
        Some(ipc::MessageState::Failed { .. }) => return (found, false),
        Some(ipc::MessageState::Queued) if gone => return (found, false),
        Some(ipc::MessageState::Queued) => {
            found.push((Invariant::Lost, format!("{text} of person {author} waits for ever")));
            return (found, false);
        }
        _ => {}
    }
    let mut anybody = false;
    let mut missing = Vec::new();
    for one in shown.iter().filter(|one| one.person != *author) {
        anybody |= one.has(text);
        let active = one.branch.as_ref().is_some_and(|branch| branch.state == Standing::Active);
        let since = one.moved.or_else(|| joined(people, one.person).last().copied()).unwrap_or(u64::MAX);
        if active && since <= row.epoch && !one.has(text) {
            missing.push(one.person);
        }
    }
    // Who is out of the group cannot say it again, and who is in it has no key of so long ago.
    let newest = shown.iter().filter_map(|one| one.branch.as_ref()).map(|branch| branch.epoch).max().unwrap_or(0);
    let was_out = gone || joined(people, *author).last().is_some_and(|since| *since > row.epoch);
    if was_out && !missing.is_empty() && newest.saturating_sub(row.epoch) > PAST_EPOCHS {
        return (found, true);
    }
    let lacking = missing.len();
    missing.retain(|person| !cut_off(*person, row.epoch));
    let beyond = missing.len() < lacking;
    for person in &missing {
        let word = if gone { "of somebody who is gone, " } else { "" };
        found.push((Invariant::Lost, format!("{text}, {word}sent in epoch {}, never reached person {person}", row.epoch)));
    }
    if !missing.is_empty() && !anybody {
        found.push((Invariant::FalseSent, format!("{text} shows as sent to person {author}, and nobody has it")));
    }
    (found, beyond)
}

fn joined(people: &[Person], number: usize) -> &[u64] {
    people.iter().find(|person| person.number == number).map_or(&[], |person| person.joined.as_slice())
}

impl Shown {
    fn has(&self, text: &str) -> bool {
        self.carried.iter().any(|row| row.content == text)
    }
}

async fn show(person: &Person) -> Shown {
    let mut shown = Shown {
        person: person.number,
        branch: person.branch().await,
        carried: Vec::new(),
        states: BTreeMap::new(),
        forks: BTreeSet::new(),
        moved: None,
    };
    let Some((client, chat)) = person.here() else { return shown };
    shown.carried = client.carried(&chat).await.unwrap_or_default();
    let races = client.races(&chat).await.unwrap_or_default();
    // Where a change found its place taken before anybody had it, there was no second branch.
    shown.forks = races.iter().filter_map(|race| race.fork).collect();
    let rows = client.timeline(&chat, None, u32::MAX).await.map(|page| page.messages).unwrap_or_default();
    let came = |row: &&ipc::MessageView| matches!(row.kind, ipc::MessageKind::System { event: ipc::SystemMessage::Joined { .. } });
    if rows.iter().filter(came).count() > person.joined.len() {
        shown.moved = client.began(&chat).await.ok().flatten();
    }
    for record in client.records(&chat, u32::MAX).await.unwrap_or_default() {
        shown.states.insert(record.message, record.state);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_while_somebody_was_cut_off_and_is_too_old_since_is_excused() {
        let mut ledger = Ledger::default();
        ledger.sent(1, "before".to_owned());
        ledger.cut_off(0);
        ledger.sent(1, "meanwhile".to_owned());
        assert!(!ledger.could_not_hear(0, 1, 2), "it may still come");
        ledger.reached(0, 2 + PAST_EPOCHS + 1);
        ledger.sent(1, "after".to_owned());
        assert_eq!([0, 1, 2].map(|at| ledger.could_not_hear(0, at, 2)), [false, true, false]);
        assert!(!ledger.could_not_hear(0, 1, 3), "its keys were still there");
        assert!(!ledger.could_not_hear(2, 1, 2), "somebody else was not cut off");
    }
}
