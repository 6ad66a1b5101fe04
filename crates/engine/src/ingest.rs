//! What arrives for a group: an event is opened, verified and applied, or put aside with the reason.
//! Hostile input is a value here, never an error; only our own faults are.

use nostr::{Event, PublicKey};
use openmls::component::ComponentData;
use openmls::framing::errors::MessageDecryptionError;
use openmls::group::{ProcessMessageError, StageCommitError, ValidationError};
use openmls::prelude::{
    AppDataUpdateOperation, ApplicationMessage, ContentType, MlsMessageIn, ProcessedMessage, ProcessedMessageContent, ProtocolMessage,
    QueuedProposal, Sender, StagedCommit, UnresolvedAppDataCommit,
};
use tls_codec::Deserialize as _;

use crate::applied::Applied;
use crate::authorize;
use crate::components::Retention;
use crate::converge::{Rival, Switched};
use crate::device::Device;
use crate::envelope::Envelope;
use crate::error::Fault;
use crate::group::{Group, mls_id};
use crate::inner_event::InnerEvent;
use crate::{Digest, Epoch, EpochRecord, KeyChange, Storage, StorageFault};

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingest {
    /// An application message.
    Message(Received),
    /// A commit of another member was merged.
    Commit(Applied),
    /// A rival branch turned out to be the group: what was said and done on the other one does not count any more.
    /// Offer the event again, it may be readable now.
    Switched(Switched),
    /// A commit of a rival branch is kept; the group stays where it is. What was deferred may belong to that branch.
    Rival(Rival),
    /// Somebody proposes something that waits for a commit.
    Proposal {
        /// Who.
        by: PublicKey,
        /// Of the proposal's message.
        digest: Digest,
    },
    /// Not now: keep the event and try again after the next epoch change.
    Deferred(Why),
    /// Processed before, our own echo included.
    Duplicate,
    /// Our own staged commit came back from a relay: as good as an acknowledgement.
    OwnCommitReturned,
    /// Never.
    Rejected(Why),
    /// A state inside the window that is needed to follow the group is gone: only a new invitation helps.
    Unrecoverable,
}

/// An authenticated application message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What was said; its author is the MLS sender.
    pub event: InnerEvent,
    /// The account that sent it.
    pub sender: PublicKey,
    /// The epoch it was sent in.
    pub epoch: Epoch,
    /// The commit that began that epoch: names its branch.
    pub branch: Digest,
    /// Of the MLS message.
    pub digest: Digest,
    /// When it disappears, Unix seconds.
    pub expires_at: Option<u64>,
}

/// Why an event was deferred or rejected. Carries no ids and no content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Not the shape of a group message.
    #[error("malformed event")]
    MalformedEvent,
    /// The `h` tag is of no kept epoch.
    #[error("another group's event")]
    OtherGroup,
    /// No kept epoch's key opens it: it may be of an epoch that is not here yet, or of one that is gone.
    #[error("no key opens it")]
    NoKey,
    /// What was inside is not an MLS message of this group.
    #[error("malformed message")]
    MalformedMessage,
    /// The commit refers to a proposal that has not arrived.
    #[error("a proposal is missing")]
    MissingProposal,
    /// MLS validation failed.
    #[error("invalid message: {0}")]
    Invalid(String),
    /// It was sent on a branch that lost a race: should that branch win after all, it can be read.
    #[error("of a branch that lost")]
    OtherBranch,
    /// One member has made too many rival changes of one epoch.
    #[error("too many rival changes")]
    TooManyRivals,
    /// The message's key is used up or too far away.
    #[error("the key of the message is gone or too far ahead")]
    KeyGone,
    /// The sender may not do this.
    #[error("not allowed: {0}")]
    Unauthorized(#[from] authorize::Unauthorized),
    /// The inner event is malformed.
    #[error("malformed inner event")]
    MalformedInnerEvent,
    /// The inner event's author is not the sender.
    #[error("the author is not the sender")]
    Author,
    /// We are no member any more.
    #[error("not a member")]
    NotMember,
}

impl Group {
    /// Applies one event whose id and signature were verified. `_now` in Unix seconds.
    pub fn ingest(&mut self, storage: &impl Storage, _device: &Device, event: &Event, _now: u64) -> Result<Ingest, Fault> {
        let Some(envelope) = Envelope::read(event) else { return Ok(Ingest::Rejected(Why::MalformedEvent)) };
        if !self.epochs.iter().any(|record| record.routing == envelope.routing) {
            return Ok(Ingest::Rejected(Why::OtherGroup));
        }
        let opened = self.epochs.iter().find_map(|record| Some((record.commit, envelope.open(&record.keys.as_ref()?.group_event)?)));
        let Some((source, message)) = opened else {
            if cfg!(murmel_bug = "decrypt_error_swallowed") {
                return Ok(Ingest::Rejected(Why::NoKey));
            }
            return Ok(Ingest::Deferred(Why::NoKey));
        };
        let digest = Digest::of(&message);
        if self.pending() == Some(digest) {
            return Ok(Ingest::OwnCommitReturned);
        }
        let known = storage.knows_message(&self.id, &digest)? || self.record(&digest).is_some();
        if known && !cfg!(murmel_bug = "no_dedupe_by_ciphertext") {
            return Ok(Ingest::Duplicate);
        }
        let Some(message) = self.parse(&message) else { return Ok(Ingest::Rejected(Why::MalformedMessage)) };
        let epoch = Epoch(message.epoch().as_u64());
        // The key outside is that of the epoch inside, or somebody wrapped it anew.
        if self.record(&source).is_none_or(|record| record.epoch != epoch) {
            return Ok(Ingest::Rejected(Why::MalformedMessage));
        }
        match message.content_type() {
            ContentType::Application if self.epochs().iter().any(|record| record.commit == source) => {
                self.ingest_application(storage, message, digest, source, epoch)
            }
            ContentType::Application => self.ingest_witness(storage, message, digest, source),
            _ if envelope.expiration.is_some() => Ok(Ingest::Rejected(Why::MalformedEvent)),
            _ if source != self.tip || self.was_ours(storage, epoch, &digest)? => self.ingest_elsewhere(storage, message, digest, source),
            _ if !self.is_active() => Ok(Ingest::Rejected(Why::NotMember)),
            _ => self.process(storage, message, digest, source, epoch),
        }
    }

    /// Whether the key of an epoch that is kept opens an event of the group: somebody who was in that epoch made it.
    pub fn opens(&self, event: &Event) -> bool {
        let opened = |envelope: Envelope| {
            self.epochs.iter().any(|record| record.keys.as_ref().is_some_and(|keys| envelope.open(&keys.group_event).is_some()))
        };
        Envelope::read(event).is_some_and(opened)
    }

    fn ingest_application(
        &mut self,
        storage: &impl Storage,
        message: ProtocolMessage,
        digest: Digest,
        source: Digest,
        epoch: Epoch,
    ) -> Result<Ingest, Fault> {
        if !self.is_active() {
            return Ok(Ingest::Rejected(Why::NotMember));
        }
        let again = (epoch < self.epoch()).then(|| message.clone());
        let mut outcome = self.process(storage, message, digest, source, epoch)?;
        // OpenMLS does not tell keys that are used up from keys of an epoch that it does not hold.
        if let (Ingest::Rejected(Why::KeyGone), Some(message)) = (&outcome, again) {
            outcome = self.read_aside(storage, message, digest, source)?;
        }
        if let Ingest::Message(received) = &outcome {
            self.witness(storage, source, received.sender)?;
        }
        Ok(outcome)
    }

    fn parse(&self, bytes: &[u8]) -> Option<ProtocolMessage> {
        let message = MlsMessageIn::tls_deserialize_exact(bytes).ok()?.try_into_protocol_message().ok()?;
        (*message.group_id() == mls_id(&self.id)).then_some(message)
    }

    /// Lets OpenMLS process a message for the state that the group is at, and applies what comes out.
    pub(crate) fn process(
        &mut self,
        storage: &impl Storage,
        message: ProtocolMessage,
        digest: Digest,
        source: Digest,
        epoch: Epoch,
    ) -> Result<Ingest, Fault> {
        let processed = match self.changing_keys(storage, KeyChange::Message(epoch), |mls, storage| mls.process_message(storage, message)) {
            Ok(processed) => processed,
            Err(ProcessMessageError::StorageError(error)) => return Err(StorageFault::new(error).into()),
            Err(error) => return Ok(refuse(error)),
        };
        let sender = processed.sender().clone();
        let account = Self::account_of(&processed);
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                let outcome = receive(message, account, digest, self.record(&source));
                if matches!(outcome, Ingest::Message(_)) {
                    storage.remember_message(&self.id, &digest, epoch)?;
                }
                Ok(outcome)
            }
            ProcessedMessageContent::ProposalMessage(queued) => {
                let reference = queued.proposal_reference_ref().clone();
                let outcome = self.keep_proposal(storage, *queued, account, digest)?;
                if matches!(outcome, Ingest::Proposal { .. }) {
                    storage.remember_message(&self.id, &digest, epoch)?;
                    storage.remember_proposal(&self.id, &digest, reference.as_slice())?;
                }
                Ok(outcome)
            }
            ProcessedMessageContent::StagedCommitMessage(commit) => self.apply(storage, &sender, *commit, digest),
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => self.resolve(storage, &sender, *commit, digest),
            ProcessedMessageContent::OwnPendingCommit => Ok(Ingest::OwnCommitReturned),
            ProcessedMessageContent::OwnPrivateMessage => Ok(Ingest::Duplicate),
            _ => Ok(Ingest::Rejected(Why::Unauthorized(authorize::Unauthorized::NotMember))),
        }
    }

    pub(crate) fn account_of(processed: &ProcessedMessage) -> Option<PublicKey> {
        if !matches!(processed.sender(), Sender::Member(_)) {
            return None;
        }
        let credential = openmls::prelude::BasicCredential::try_from(processed.credential().clone()).ok()?;
        crate::identity::account(credential.identity())
    }

    fn keep_proposal(
        &mut self,
        storage: &impl Storage,
        queued: QueuedProposal,
        account: Option<PublicKey>,
        digest: Digest,
    ) -> Result<Ingest, Fault> {
        let accounts = authorize::accounts(&self.mls);
        let Some(by) = account else { return Ok(Ingest::Rejected(authorize::Unauthorized::NotMember.into())) };
        if let Err(reason) = authorize::authorize_proposal(&self.mls, &self.context, &accounts, &queued) {
            return Ok(Ingest::Rejected(reason.into()));
        }
        self.mls.store_pending_proposal(storage.storage(), queued).map_err(StorageFault::new)?;
        Ok(Ingest::Proposal { by, digest })
    }

    /// A commit that changes components: each change is judged, then the new dictionary computed.
    fn resolve(
        &mut self,
        storage: &impl Storage,
        sender: &Sender,
        commit: UnresolvedAppDataCommit,
        digest: Digest,
    ) -> Result<Ingest, Fault> {
        let mut updater = self.mls.app_data_dictionary_updater();
        for update in commit.app_data_update_proposals() {
            if let Err(reason) = authorize::authorize_component(&self.context, update) {
                return Ok(Ingest::Rejected(reason.into()));
            }
            match update.operation() {
                AppDataUpdateOperation::Update(data) => {
                    updater.set(ComponentData::from_parts(update.component_id(), data.clone()));
                }
                AppDataUpdateOperation::Remove => updater.remove(&update.component_id()),
            }
        }
        let changes = updater.changes();
        match self.mls.stage_app_data_commit(storage, commit, changes) {
            Ok(staged) => self.apply(storage, sender, staged, digest),
            Err(error) => Ok(refuse_commit(&error)),
        }
    }

    fn apply(&mut self, storage: &impl Storage, sender: &Sender, commit: StagedCommit, digest: Digest) -> Result<Ingest, Fault> {
        let Sender::Member(committer) = sender else { return Ok(Ingest::Rejected(authorize::Unauthorized::NotMember.into())) };
        match authorize::authorize(&self.mls, &self.context, *committer, &commit) {
            Ok(allowed) => Ok(Ingest::Commit(self.advance_other(storage, digest, commit, allowed)?)),
            Err(reason) => Ok(Ingest::Rejected(reason.into())),
        }
    }
}

/// When a message disappears follows from what its author signed and from the state of its epoch. The tag outside says the same to relays,
/// but anybody could have written it.
pub(crate) fn receive(message: ApplicationMessage, sender: Option<PublicKey>, digest: Digest, record: Option<&EpochRecord>) -> Ingest {
    let Ok(event) = InnerEvent::parse(&message.into_bytes()) else { return Ingest::Rejected(Why::MalformedInnerEvent) };
    let Some(record) = record else { return Ingest::Rejected(Why::KeyGone) };
    let expires_at = record.retention.and_then(|seconds| Retention(seconds).expiry(event.created_at()));
    match sender {
        Some(sender) if sender == event.author() => {
            Ingest::Message(Received { event, sender, epoch: record.epoch, branch: record.commit, digest, expires_at })
        }
        _ => Ingest::Rejected(Why::Author),
    }
}

pub(crate) fn refuse<E: std::fmt::Display>(error: ProcessMessageError<E>) -> Ingest {
    match error {
        ProcessMessageError::InvalidCommit(error) => refuse_commit(&error),
        ProcessMessageError::ValidationError(ValidationError::WrongEpoch) => Ingest::Deferred(Why::NoKey),
        // Perhaps only too far ahead: OpenMLS does not tell the two apart.
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(MessageDecryptionError::GenerationOutOfBound)) => {
            Ingest::Deferred(Why::KeyGone)
        }
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(_) | ValidationError::NoPastEpochData) => {
            Ingest::Rejected(Why::KeyGone)
        }
        other => Ingest::Rejected(Why::Invalid(other.to_string())),
    }
}

fn refuse_commit(error: &StageCommitError) -> Ingest {
    match error {
        StageCommitError::MissingProposal => Ingest::Deferred(Why::MissingProposal),
        other => Ingest::Rejected(Why::Invalid(other.to_string())),
    }
}
