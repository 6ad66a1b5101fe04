use murmel_engine::{Epoch, GroupId as EngineGroupId, Storage as _};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::*;
use openmls_basic_credential::SignatureKeyPair;
use openmls_sqlite_storage::Codec as _;

use crate::tests::kit::{Home, Watch, commit, fresh, on, wait};
use crate::{Database, MixedCodec, StoreError, Tx};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
const GROUP: [u8; 32] = [0x47; 32];

/// One member with a database of its own.
struct Member {
    name: &'static str,
    _home: Home,
    database: Database<Watch>,
    signature_key: Vec<u8>,
}

fn group_id() -> GroupId {
    GroupId::from_slice(&GROUP)
}

fn engine_id() -> EngineGroupId {
    EngineGroupId::new(GROUP).unwrap()
}

fn config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .max_past_epochs(5)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(100, 1000))
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .build()
}

impl Member {
    fn new(name: &'static str) -> Self {
        let (home, database) = fresh();
        let signature_key = on(&database, |tx| {
            let signer = SignatureKeyPair::new(SUITE.signature_algorithm()).unwrap();
            signer.store(tx.storage()).unwrap();
            Ok(signer.to_public_vec())
        });
        Self { name, _home: home, database, signature_key }
    }

    fn credential(&self) -> CredentialWithKey {
        CredentialWithKey { credential: BasicCredential::new(self.name.into()).into(), signature_key: self.signature_key.clone().into() }
    }

    /// One transaction with the signer at hand.
    fn on<T: Send + 'static>(&self, f: impl FnOnce(&Tx<'_>, &SignatureKeyPair) -> T + Send + 'static) -> T {
        let key = self.signature_key.clone();
        on(&self.database, move |tx| {
            let signer = SignatureKeyPair::read(tx.storage(), &key, SUITE.signature_algorithm()).unwrap();
            Ok(f(tx, &signer))
        })
    }

    fn key_package(&self) -> KeyPackage {
        let credential = self.credential();
        self.on(move |tx, signer| KeyPackage::builder().build(SUITE, tx, signer, credential).unwrap().key_package().clone())
    }

    fn create(&self, invited: Vec<KeyPackage>) -> Vec<u8> {
        let credential = self.credential();
        self.on(move |tx, signer| {
            let create = MlsGroupCreateConfig::builder()
                .ciphersuite(SUITE)
                .max_past_epochs(5)
                .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
                .use_ratchet_tree_extension(true)
                .build();
            let mut group = MlsGroup::new_with_group_id(tx, signer, &create, group_id(), credential).unwrap();
            let (_, welcome, _) = group.add_members(tx, signer, &invited).unwrap();
            group.merge_pending_commit(tx).unwrap();
            welcome.to_bytes().unwrap()
        })
    }

    fn join(&self, welcome: Vec<u8>) {
        self.on(move |tx, _| {
            let MlsMessageBodyIn::Welcome(welcome) = parse(&welcome).extract() else { panic!("no welcome") };
            StagedWelcome::new_from_welcome(tx, &config(), welcome, None).unwrap().into_group(tx).unwrap();
        });
    }

    fn with_group<T: Send + 'static>(&self, f: impl FnOnce(&Tx<'_>, &mut MlsGroup, &SignatureKeyPair) -> T + Send + 'static) -> T {
        self.on(|tx, signer| f(tx, &mut load(tx), signer))
    }

    fn send(&self, text: &'static [u8]) -> Vec<u8> {
        self.with_group(|tx, group, signer| group.create_message(tx, signer, text).unwrap().to_bytes().unwrap())
    }

    /// The text of an application message, `None` if it cannot be opened.
    fn read(&self, message: &[u8]) -> Option<Vec<u8>> {
        let message = message.to_vec();
        self.with_group(move |tx, group, _| {
            let processed = group.process_message(tx, parse(&message).try_into_protocol_message().unwrap()).ok()?;
            match processed.into_content() {
                ProcessedMessageContent::ApplicationMessage(text) => Some(text.into_bytes()),
                _ => None,
            }
        })
    }

    fn process(&self, message: &[u8]) -> Epoch {
        let message = message.to_vec();
        self.with_group(move |tx, group, _| {
            match group.process_message(tx, parse(&message).try_into_protocol_message().unwrap()).unwrap().into_content() {
                ProcessedMessageContent::StagedCommitMessage(commit) => group.merge_staged_commit(tx, *commit).unwrap(),
                ProcessedMessageContent::ProposalMessage(proposal) => group.store_pending_proposal(tx.storage(), *proposal).unwrap(),
                _ => panic!("neither commit nor proposal"),
            }
            Epoch(group.epoch().as_u64())
        })
    }

    fn stage_self_update(&self) -> Vec<u8> {
        self.with_group(|tx, group, signer| {
            group.self_update(tx, signer, LeafNodeParameters::default()).unwrap().into_contents().0.to_bytes().unwrap()
        })
    }

    fn merge_own(&self) -> Epoch {
        self.with_group(|tx, group, _| {
            group.merge_pending_commit(tx).unwrap();
            Epoch(group.epoch().as_u64())
        })
    }

    fn snapshot(&self, epoch: u64) {
        self.on(move |tx, _| tx.take_snapshot(&engine_id(), &commit(epoch), Epoch(epoch)).unwrap());
    }

    fn restore(&self, epoch: u64) -> bool {
        self.on(move |tx, _| tx.restore_snapshot(&engine_id(), &commit(epoch)).unwrap())
    }

    fn tree(&self) -> Vec<u8> {
        self.with_group(|_, group, _| group.export_ratchet_tree().tls_serialize_detached().unwrap())
    }

    fn authenticator(&self) -> Vec<u8> {
        self.with_group(|_, group, _| group.epoch_authenticator().as_slice().to_vec())
    }
}

fn parse(bytes: &[u8]) -> MlsMessageIn {
    MlsMessageIn::tls_deserialize_exact(bytes).unwrap()
}

fn load(tx: &Tx<'_>) -> MlsGroup {
    MlsGroup::load(tx.storage(), &group_id()).unwrap().unwrap()
}

fn three() -> (Member, Member, Member) {
    let (alice, bob, carol) = (Member::new("alice"), Member::new("bob"), Member::new("carol"));
    let welcome = alice.create(vec![bob.key_package(), carol.key_package()]);
    bob.join(welcome.clone());
    carol.join(welcome);
    (alice, bob, carol)
}

#[test]
fn a_group_survives_the_codec_and_a_reload() {
    let (alice, bob, carol) = three();
    for (sender, text) in [(&alice, b"one"), (&bob, b"two"), (&alice, b"six")] {
        let message = sender.send(text);
        assert_eq!(carol.read(&message).as_deref(), Some(&text[..]));
    }
    bob.with_group(|_, group, _| assert_eq!(group.configuration(), &config()));
    // Every kind of value, proposals and a pending commit included, is read back.
    let proposal = bob.with_group(|tx, group, signer| {
        group.propose_self_update(tx, signer, LeafNodeParameters::default()).unwrap().0.to_bytes().unwrap()
    });
    alice.process(&proposal);
    let commit = alice.stage_self_update();
    alice.with_group(|_, group, _| {
        assert!(group.pending_commit().is_some());
        assert_eq!(group.pending_proposals().count(), 1);
    });
    assert_eq!(alice.merge_own(), Epoch(2));
    assert_eq!(bob.process(&commit), Epoch(2));
    assert_eq!(alice.authenticator(), bob.authenticator());
}

#[test]
fn only_the_join_configuration_is_json_and_both_forms_carry_a_tag() {
    let config = config();
    let bytes = MixedCodec::to_vec(&&config).unwrap();
    assert_eq!((bytes[0], bytes[1]), (2, b'{'));
    assert_eq!(MixedCodec::from_slice::<MlsGroupJoinConfig>(&bytes).unwrap(), config);
    let bytes = MixedCodec::to_vec(&&group_id()).unwrap();
    assert_eq!((bytes[0], bytes.len()), (1, 34));
    assert_eq!(bytes, MixedCodec::to_vec(&group_id()).unwrap());
    assert_eq!(MixedCodec::from_slice::<GroupId>(&bytes).unwrap(), group_id());
    for broken in [&[][..], &[9, 1, 2], &[1], &[2]] {
        assert!(MixedCodec::from_slice::<GroupId>(broken).is_err());
    }
    assert_eq!(MixedCodec::from_slice::<Vec<u8>>(&MixedCodec::to_vec(&vec![1_u8, 2]).unwrap()).unwrap(), [1, 2]);
}

#[test]
fn what_openmls_wrote_is_rolled_back_with_the_transaction() {
    let (alice, bob, _) = three();
    let first = alice.send(b"one");
    let before = on(&bob.database, |tx| tx.state_hash(&[]));
    let copy = first.clone();
    let failed: Result<(), StoreError> = wait(bob.database.write(move |tx, _| {
        let processed = load(tx).process_message(tx, parse(&copy).try_into_protocol_message().unwrap()).unwrap();
        assert!(matches!(processed.into_content(), ProcessedMessageContent::ApplicationMessage(_)));
        assert_ne!(tx.state_hash(&[])?, before);
        Err(StoreError::DiskFull)
    }));
    assert!(matches!(failed, Err(StoreError::DiskFull)));
    assert_eq!(on(&bob.database, |tx| tx.state_hash(&[])), before);
    assert_eq!(bob.read(&first).as_deref(), Some(&b"one"[..]));
    assert_eq!(bob.read(&first), None, "its key is gone for good now");
}

#[test]
fn a_restored_snapshot_opens_an_old_message_again_and_follows_the_other_branch() {
    let (alice, bob, carol) = three();
    bob.snapshot(1);
    let message = alice.send(b"one");
    assert!(bob.read(&message).is_some());
    assert!(bob.read(&message).is_none());
    // Two rivals in the same epoch; bob follows alice first.
    let of_alice = alice.stage_self_update();
    let of_carol = carol.stage_self_update();
    assert_eq!(bob.process(&of_alice), Epoch(2));
    alice.merge_own();
    assert_eq!(bob.authenticator(), alice.authenticator());

    assert!(bob.restore(1));
    assert!(!bob.restore(7));
    assert_eq!(bob.read(&message).as_deref(), Some(&b"one"[..]));
    assert_eq!(bob.process(&of_carol), Epoch(2));
    carol.merge_own();
    assert_eq!(bob.authenticator(), carol.authenticator());
    let back = carol.send(b"two");
    assert_eq!(bob.read(&back).as_deref(), Some(&b"two"[..]));
    assert_eq!(on(&bob.database, |tx| Ok(tx.snapshots(&engine_id()).unwrap())), [(Epoch(1), commit(1))]);
}

#[test]
fn an_own_commit_that_lost_can_be_left_and_taken_up_again() {
    let (alice, bob, _) = three();
    bob.stage_self_update();
    // With the pending commit and its new leaf key in the group data.
    bob.snapshot(1);
    assert_eq!(bob.merge_own(), Epoch(2));
    let own = bob.authenticator();

    let of_alice = alice.stage_self_update();
    assert!(bob.restore(1));
    bob.with_group(|tx, group, _| group.clear_pending_commit(tx.storage()).unwrap());
    assert_eq!(bob.process(&of_alice), Epoch(2));
    alice.merge_own();
    assert_eq!(bob.authenticator(), alice.authenticator());

    assert!(bob.restore(1));
    assert_eq!(bob.merge_own(), Epoch(2));
    assert_eq!(bob.authenticator(), own);
}

#[test]
fn a_commit_of_an_own_update_proposal_can_be_processed_again_after_a_restore() {
    let (alice, bob, _) = three();
    let proposal = bob.with_group(|tx, group, signer| {
        group.propose_self_update(tx, signer, LeafNodeParameters::default()).unwrap().0.to_bytes().unwrap()
    });
    bob.snapshot(1);
    alice.process(&proposal);
    let commit = alice.with_group(|tx, group, signer| group.commit_to_pending_proposals(tx, signer).unwrap().0.to_bytes().unwrap());
    assert_eq!(bob.process(&commit), Epoch(2));
    let first = bob.authenticator();
    assert!(bob.restore(1));
    bob.with_group(|_, group, _| assert_eq!(group.pending_proposals().count(), 1));
    assert_eq!(bob.process(&commit), Epoch(2));
    assert_eq!(bob.authenticator(), first);
    alice.merge_own();
    assert_eq!(alice.authenticator(), first);
}

#[test]
fn a_forgotten_group_can_be_joined_again_and_other_groups_stay() {
    let (alice, bob, _) = three();
    let other = GroupId::from_slice(&[9; 32]);
    let (credential, copy) = (bob.credential(), other.clone());
    bob.on(move |tx, signer| {
        MlsGroup::new_with_group_id(tx, signer, &MlsGroupCreateConfig::default(), copy, credential).unwrap();
    });
    bob.snapshot(1);
    bob.on(move |tx, _| {
        tx.put_pending(&engine_id(), b"x").unwrap();
        tx.forget_group(&engine_id()).unwrap();
        assert!(MlsGroup::load(tx.storage(), &group_id()).unwrap().is_none());
        assert!(MlsGroup::load(tx.storage(), &other).unwrap().is_some());
        assert!(tx.snapshots(&engine_id()).unwrap().is_empty());
        assert!(tx.pending(&engine_id()).unwrap().is_none());
    });
    let again = bob.key_package();
    let welcome = alice.with_group(move |tx, group, signer| {
        let leaf = group.members().find(|member| member.credential.serialized_content() == b"bob").unwrap().index;
        group.remove_members(tx, signer, &[leaf]).unwrap();
        group.merge_pending_commit(tx).unwrap();
        let (_, welcome, _) = group.add_members(tx, signer, &[again]).unwrap();
        group.merge_pending_commit(tx).unwrap();
        welcome.tls_serialize_detached().unwrap()
    });
    bob.join(welcome);
    assert_eq!(bob.authenticator(), alice.authenticator());
}

#[test]
fn a_snapshot_survives_a_restart() {
    let (alice, bob, _) = three();
    bob.snapshot(1);
    let message = alice.send(b"one");
    assert!(bob.read(&message).is_some());
    wait(bob.database.close());
    let reopened = Member { database: bob._home.open(), ..bob };
    assert!(reopened.restore(1));
    assert_eq!(reopened.read(&message).as_deref(), Some(&b"one"[..]));
}

/// The rows of past epochs: id and a copy of the keys. Past the transaction, because no statement of ours reads all of them.
fn key_rows(member: &Member) -> Vec<(i64, Vec<u8>)> {
    on(&member.database, |tx| {
        let mut statement = tx.connection().prepare("SELECT id, value FROM shared_values WHERE kind = 'keys' ORDER BY id")?;
        Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    })
}

fn next_epoch(alice: &Member, bob: &Member) {
    let commit = alice.stage_self_update();
    alice.merge_own();
    bob.process(&commit);
}

#[test]
fn a_message_rewrites_the_keys_of_its_own_epoch_only() {
    let (alice, bob, _) = three();
    let late = alice.send(b"late");
    for _ in 0..3 {
        next_epoch(&alice, &bob);
    }
    let before = key_rows(&bob);
    assert_eq!(before.len(), 3);
    assert_eq!(bob.read(&alice.send(b"now")).as_deref(), Some(&b"now"[..]));
    assert_eq!(key_rows(&bob), before, "a message of the current epoch changes no past one");
    assert_eq!(bob.read(&late).as_deref(), Some(&b"late"[..]));
    let after = key_rows(&bob);
    assert_eq!(after[1..], before[1..]);
    assert_ne!(after[0], before[0]);
    assert_eq!(bob.read(&late), None, "its key is gone for good now");
}

#[test]
fn keys_that_a_snapshot_shares_stay_as_they_were() {
    let (alice, bob, _) = three();
    let late = alice.send(b"late");
    next_epoch(&alice, &bob);
    next_epoch(&alice, &bob);
    let before = key_rows(&bob);
    bob.snapshot(3);
    assert_eq!(key_rows(&bob), before, "a snapshot copies no keys of past epochs");
    assert_eq!(bob.read(&late).as_deref(), Some(&b"late"[..]));
    assert!(before.iter().all(|row| key_rows(&bob).contains(row)));
    assert_eq!(bob.read(&late), None);
    assert!(bob.restore(3));
    assert_eq!(key_rows(&bob), before, "what only the state after the snapshot had is gone");
    assert_eq!(bob.read(&late).as_deref(), Some(&b"late"[..]), "the snapshot is whole");
}

#[test]
fn keys_go_with_the_last_one_who_has_them() {
    let (alice, bob, _) = three();
    for epoch in 0..8 {
        next_epoch(&alice, &bob);
        bob.snapshot(epoch);
    }
    // Five of the group, and those that older snapshots still have.
    assert_eq!(key_rows(&bob).len(), 8);
    bob.on(|tx, _| tx.forget_epochs_before(&engine_id(), Epoch(7)).unwrap());
    assert_eq!(key_rows(&bob).len(), 5);
    bob.on(|tx, _| tx.forget_group(&engine_id()).unwrap());
    assert_eq!(key_rows(&bob), []);
    let shared =
        on(&bob.database, |tx| Ok(tx.connection().query_row("SELECT count(*) FROM snapshot_values", [], |row| row.get::<_, i64>(0))?));
    assert_eq!(shared, 0);
}

#[test]
fn a_tree_that_a_commit_leaves_as_it_is_is_written_once() {
    let (alice, bob, _) = three();
    let trees = |member: &Member| {
        on(&member.database, |tx| {
            Ok(tx.connection().query_row("SELECT count(*), max(id) FROM shared_values WHERE kind = 'tree'", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })?)
        })
    };
    let (_, first) = trees(&bob);
    bob.snapshot(1);
    assert_eq!(trees(&bob), (1, first), "a snapshot copies no tree");
    let (tip, authenticator) = (bob.tree(), bob.authenticator());
    next_epoch(&alice, &bob);
    let (count, second) = trees(&bob);
    assert_eq!(count, 2);
    assert!(second > first, "the snapshot keeps its tree, and the group has another one");
    assert_ne!(bob.tree(), tip);
    assert!(bob.restore(1));
    assert_eq!((bob.tree(), bob.authenticator(), trees(&bob)), (tip, authenticator, (1, first)));
}
