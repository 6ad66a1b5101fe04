//! Groups of a given size: created in one commit, joined by those who take part, and then a few epochs old.
//! Welcomes beyond what the wire carries are handed over in memory; everything after that travels as on the wire.

use std::path::Path;

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use murmel_engine::{Change, EpochKeys, EpochRecord, Group, NewGroup, PAST_EPOCHS, Storage};
use nostr::Event;
use openmls::group::MlsGroup;
use openmls::prelude::{KeyPackage, MlsMessageBodyIn, MlsMessageIn, ProtocolVersion, SignatureScheme};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider as _;
use tls_codec::{Deserialize as _, Serialize as _};
use zeroize::Zeroizing;

use crate::ghost::Ghost;
use crate::memory::Memory;
use crate::person::{Person, RELAY, chat_for, now, passer_by};
use crate::time::{Samples, timed};

/// Who sends in a group that is large enough; the same few people write most of what is read.
const SENDERS: usize = 4;

/// A group and the people in it who take part.
pub struct Crowd {
    /// Admin and creator.
    pub alice: Person,
    /// Reads what the others send.
    pub bob: Person,
    /// Who sends, where there are more than two members.
    pub others: Vec<Person>,
    /// A member in memory.
    pub ghost: Ghost,
    /// One commit with everybody, in milliseconds; offers read before.
    pub creation: f64,
    /// Joining, in milliseconds.
    pub join: f64,
    /// How many are in it.
    pub members: usize,
    /// Of the Welcome, serialized.
    pub welcome_bytes: usize,
}

impl Crowd {
    /// A group of `members`, with five epochs behind it.
    ///
    /// # Errors
    /// The store's and the engine's.
    pub fn gather(members: usize, folder: &Path) -> anyhow::Result<Self> {
        let (alice, bob) = (Person::new(folder)?, Person::new(folder)?);
        let others = (0..members.saturating_sub(3).min(SENDERS)).map(|_| Person::new(folder)).collect::<anyhow::Result<Vec<_>>>()?;
        let memory = Memory::default();
        let mut events = std::iter::once(&bob).chain(&others).map(Person::key_package).collect::<anyhow::Result<Vec<_>>>()?;
        let mut ghost = Ghost::new()?;
        if members > 2 {
            events.push(ghost.key_package()?);
        }
        while events.len() + 1 < members {
            events.push(passer_by(&memory)?.1);
        }
        let packages = events.iter().map(package).collect::<anyhow::Result<Vec<_>>>()?;
        let (welcome, creation) = timed(|| create(&alice, packages));
        let welcome = welcome?;
        let mut joins = Samples::default();
        for person in std::iter::once(&bob).chain(&others) {
            let (joined, took) = timed(|| person.join(&welcome, alice.account()));
            joined?;
            joins.add(took.cpu);
        }
        if members > 2 {
            ghost.join(&welcome, alice.account())?;
        }
        let (creation, join) = (creation.cpu / 1e3, joins.calm() / 1e3);
        let mut crowd = Self { alice, bob, others, ghost, members, creation, join, welcome_bytes: welcome.len() };
        for epoch in 0..PAST_EPOCHS {
            let event = crowd.change(Change::Rename(format!("Epoch {epoch}")))?;
            crowd.everybody_follows(&event)?;
        }
        Ok(crowd)
    }

    /// A change by Alice, merged.
    ///
    /// # Errors
    /// The engine's.
    pub fn change(&self, change: Change) -> anyhow::Result<Event> {
        self.alice.tx(move |tx, desk| {
            let (group, device) = desk.parts()?;
            let staged = group.stage(tx, device, change, now())?;
            group.confirm(tx, now())?.context("nothing was staged")?;
            Ok(staged.event)
        })
    }

    /// Hands a commit of Alice's to all others.
    ///
    /// # Errors
    /// It was not merged.
    pub fn everybody_follows(&mut self, event: &Event) -> anyhow::Result<()> {
        if self.members > 2 {
            self.ghost.follow(event)?;
        }
        self.others.iter().chain([&self.bob]).try_for_each(|person| person.follow(event))
    }

    /// Who sends.
    pub fn senders(&self) -> Vec<&Person> {
        if self.others.is_empty() { vec![&self.alice] } else { self.others.iter().collect() }
    }

    /// Closes all files.
    pub fn close(self) {
        self.alice.close();
        self.bob.close();
        self.others.into_iter().for_each(Person::close);
    }
}

/// The key package in an event.
fn package(event: &Event) -> anyhow::Result<KeyPackage> {
    let message = MlsMessageIn::tls_deserialize_exact(STANDARD.decode(&event.content)?)?;
    let MlsMessageBodyIn::KeyPackage(package) = message.extract() else { anyhow::bail!("no key package") };
    Ok(package.validate(&RustCrypto::default(), ProtocolVersion::Mls10)?)
}

/// As [`Group::create`] does it, but for the limit of what a gift wrap carries; answers the Welcome.
fn create(who: &Person, packages: Vec<KeyPackage>) -> anyhow::Result<Vec<u8>> {
    who.tx(move |tx, desk| {
        let new = NewGroup { name: "Crowd".into(), description: String::new(), relays: vec![RELAY.to_owned()] };
        let (group, _) = Group::create(tx, &desk.device, new, &[], now())?;
        let id = openmls::group::GroupId::from_slice(group.id().as_bytes());
        let signer = SignatureKeyPair::read(tx.storage(), desk.device.signature_key(), SignatureScheme::ED25519).context("no leaf key")?;
        let mut mls = MlsGroup::load(tx.storage(), &id)?.context("no group")?;
        let bundle = mls
            .commit_builder()
            .propose_adds(packages)
            .load_psks(tx.storage())?
            .build(tx.rand(), tx.crypto(), &signer, |_| true)?
            .stage_commit(tx)?;
        let welcome = bundle.to_welcome_msg().context("no welcome")?.tls_serialize_detached()?;
        mls.merge_pending_commit(tx)?;
        let secret = |name: &[u8]| -> anyhow::Result<Zeroizing<[u8; 32]>> {
            Ok(Zeroizing::new(mls.export_secret(tx.crypto(), "marmot", name, 32)?.as_slice().try_into()?))
        };
        let view = group.view();
        let tip = murmel_engine::Digest::of(mls.public_group().group_context().confirmed_transcript_hash());
        tx.put_epoch(
            group.id(),
            &EpochRecord {
                commit: tip,
                parent: None,
                epoch: murmel_engine::Epoch(mls.epoch().as_u64()),
                keys: Some(EpochKeys { group_event: secret(b"group-event")?, media: secret(b"encrypted-media")? }),
                routing: view.routing,
                relays: view.relays,
                retention: None,
                began: None,
            },
        )?;
        tx.put_tip(group.id(), &tip)?;
        let group = Group::load(tx, group.id())?.context("no group")?;
        desk.chat = chat_for(tx, &group)?;
        desk.group = Some(group);
        Ok(welcome)
    })
}
