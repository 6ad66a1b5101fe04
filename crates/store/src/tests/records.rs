use murmel_engine::{Applied, Digest, Epoch, EpochRecord, GroupEvent, KeyPackageRecord, KeyPackageRef, Storage as _};
use zeroize::Zeroizing;

use crate::tests::kit::{chat, commit, deferred, epoch, event, fresh, group, on, person, relays, request, routing};
use crate::{
    AccountRecord, CURSOR_CAP, CursorKey, DEFERRED_CAP_PER_ROUTING, Lane, PersonRecord, RequestInsert, RequestState, SEEN_CAP, StoreError,
    Tx,
};

#[test]
fn the_account_is_one_row() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        assert_eq!(tx.account()?, None);
        let account = AccountRecord {
            public_key: person(1),
            name: "Anna".into(),
            signature_key: vec![5; 32],
            proof: vec![6; 104],
            slot: [7; 32],
            created_at: 10,
            other_clients: 0,
        };
        tx.put_account(&account)?;
        tx.put_account(&account)?;
        tx.set_account_name("Anna B.")?;
        tx.set_other_clients(2)?;
        assert_eq!(tx.account()?, Some(AccountRecord { name: "Anna B.".into(), other_clients: 2, ..account }));
        Ok(())
    });
}

#[test]
fn settings_and_progress_keep_the_last_value() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        tx.put_setting("b", "1")?;
        tx.put_setting("a", "2")?;
        tx.put_setting("b", "3")?;
        assert_eq!(tx.setting("b")?.as_deref(), Some("3"));
        assert_eq!(tx.settings()?, [("a".into(), "2".into()), ("b".into(), "3".into())]);
        tx.remove_setting("b")?;
        assert_eq!(tx.setting("b")?, None);

        tx.put_progress_number("step", 2)?;
        tx.put_progress_text("step", "relays")?;
        tx.put_progress_number("step", 3)?;
        assert_eq!((tx.progress_number("step")?, tx.progress_text("step")?.as_deref()), (Some(3), Some("relays")));
        tx.remove_progress("step")?;
        assert_eq!(tx.progress_number("step")?, None);
        for number in [4, 3] {
            tx.raise_progress_number("step", number)?;
        }
        assert_eq!(tx.progress_number("step")?, Some(4));
        Ok(())
    });
}

#[test]
fn cursors_are_kept_per_lane_relay_and_subscription_and_the_oldest_goes_first() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let key =
            |lane, relay: usize, subscription: &str| CursorKey { lane, relay: format!("wss://{relay}"), subscription: subscription.into() };
        tx.put_cursor(&key(Lane::Inbox, 1, "wraps"), 500)?;
        tx.put_cursor(&key(Lane::Group, 1, "wraps"), 600)?;
        tx.put_cursor(&key(Lane::Inbox, 1, "wraps"), 400)?;
        assert_eq!(tx.cursor(&key(Lane::Inbox, 1, "wraps"))?, Some(400));
        assert_eq!(tx.cursor(&key(Lane::Group, 1, "wraps"))?, Some(600));
        assert_eq!(tx.cursor(&key(Lane::Group, 2, "wraps"))?, None);
        tx.remove_cursor(&key(Lane::Group, 1, "wraps"))?;
        assert_eq!(tx.cursors()?, [(key(Lane::Inbox, 1, "wraps"), 400)]);
        for n in 0..CURSOR_CAP {
            tx.put_cursor(&key(Lane::Group, n, "groups"), 1000)?;
        }
        assert_eq!(tx.cursors()?.len(), CURSOR_CAP);
        assert_eq!(tx.cursor(&key(Lane::Inbox, 1, "wraps"))?, None);
        Ok(())
    });
}

#[test]
fn a_request_is_taken_once_and_only_below_the_cap() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let RequestInsert::Added(first) = tx.insert_request(&request(1), 2)? else { panic!("not added") };
        let mut stored = request(1);
        stored.id = first;
        assert_eq!(tx.request(first)?, Some(stored));
        // The same welcome in another wrap, and the same wrap with another welcome.
        let mut again = request(2);
        again.welcome = request(1).welcome;
        assert_eq!(tx.insert_request(&again, 2)?, RequestInsert::Known(first));
        let mut again = request(1);
        again.welcome = vec![77];
        assert_eq!(tx.insert_request(&again, 2)?, RequestInsert::Known(first));

        tx.insert_request(&request(3), 2)?;
        assert_eq!(tx.insert_request(&request(4), 2)?, RequestInsert::Full);
        assert_eq!(tx.open_requests()?.iter().map(|open| open.wrap_event_id).collect::<Vec<_>>(), [event(3), event(1)]);

        tx.set_request_state(first, RequestState::Declined)?;
        assert_eq!(tx.open_request_count()?, 1);
        assert!(tx.request(first)?.unwrap().welcome.is_empty());
        assert_eq!(tx.request_known(&event(99), &Digest::of(&request(1).welcome))?, Some(first));
        assert!(matches!(tx.insert_request(&request(4), 2)?, RequestInsert::Added(_)));
        assert_eq!(tx.prune_requests(2000)?, 1);
        assert_eq!(tx.open_request_count()?, 2);
        Ok(())
    });
}

#[test]
fn a_finished_event_is_known_until_it_is_pruned() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        assert!(tx.remember_seen(&event(1), 10)?);
        assert!(!tx.remember_seen(&event(1), 11)?);
        assert!(tx.remember_seen(&event(2), 20)?);
        assert!(tx.is_seen(&event(1))?);
        assert_eq!(tx.prune_seen(20)?, 1);
        assert!(!tx.is_seen(&event(1))?);
        assert!(tx.is_seen(&event(2))?);
        Ok(())
    });
}

#[test]
fn finished_events_of_a_tag_are_listed_by_their_own_time() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        for (n, at) in [(1, 100), (2, 300), (3, 200)] {
            tx.remember_tagged(&event(n), routing(1).as_bytes(), at, 9)?;
        }
        tx.remember_tagged(&event(4), routing(2).as_bytes(), 300, 9)?;
        tx.remember_seen(&event(5), 300)?;
        assert_eq!(tx.seen_between(routing(1).as_bytes(), 200, u64::MAX)?, [(event(2), 300), (event(3), 200)]);
        assert_eq!(tx.seen_between(routing(1).as_bytes(), 200, 299)?, [(event(3), 200)]);
        assert_eq!(tx.seen_between(routing(3).as_bytes(), 0, u64::MAX)?, []);
        Ok(())
    });
}

#[test]
fn finished_events_are_bounded_and_the_oldest_goes_first() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        tx.remember_seen(&event(1), 10)?;
        // Stands for the events in between.
        tx.run("INSERT INTO seen (id, event_id, at) VALUES (?1, x'00', 5)", [SEEN_CAP as i64])?;
        assert!(tx.is_seen(&event(1))?);
        tx.remember_seen(&event(2), 10)?;
        assert!(!tx.is_seen(&event(1))?);
        assert!(tx.is_seen(&event(2))?);
        Ok(())
    });
}

#[test]
fn deferred_events_come_back_in_order_and_the_oldest_gives_way() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let id = tx.insert_chat(&chat(1))?;
        let here = Some(id);
        let first = tx.insert_deferred(&deferred(1, 1, here))?;
        assert_eq!(tx.insert_deferred(&deferred(1, 1, here))?, first);
        tx.insert_deferred(&deferred(2, 1, None))?;
        tx.count_deferred_try(first, "still early")?;
        let listed = tx.deferred_in(id)?;
        assert_eq!((listed.len(), listed[0].tries, listed[0].reason.as_str()), (1, 1, "still early"));
        assert_eq!(tx.deferred_by_routing(&routing(1))?.iter().map(|kept| kept.event_id).collect::<Vec<_>>(), [event(1), event(2)]);
        tx.remove_deferred(&event(2))?;
        for n in 0..DEFERRED_CAP_PER_ROUTING as u16 {
            tx.insert_deferred(&deferred(100 + n, 1, here))?;
            tx.insert_deferred(&deferred(1000 + n, 2, None))?;
        }
        let listed = tx.deferred_by_routing(&routing(1))?;
        assert_eq!((listed.len(), listed[0].event_id), (DEFERRED_CAP_PER_ROUTING, event(100)));
        assert_eq!(tx.deferred_by_routing(&routing(2))?.len(), DEFERRED_CAP_PER_ROUTING);
        Ok(())
    });
}

fn package(n: u8, not_after: u64) -> KeyPackageRecord {
    KeyPackageRecord { reference: KeyPackageRef::new([n; 32]), bundle: Zeroizing::new(vec![n; 40]), not_after }
}

fn put(tx: &Tx<'_>, n: u8, not_after: u64) -> Result<KeyPackageRef, StoreError> {
    tx.put_key_package(&package(n, not_after)).unwrap();
    Ok(package(n, 0).reference)
}

#[test]
fn a_key_package_is_kept_until_it_is_replaced_and_out_of_use() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let old = put(tx, 1, 500)?;
        tx.set_key_package_event(&old, &event(1), 10)?;
        tx.mark_key_package_published(&old)?;
        // Storing the same one again keeps what is known of its publication.
        put(tx, 1, 500)?;
        let own = tx.newest_key_package()?.unwrap();
        assert_eq!((own.event_id, own.created_at, own.published, own.replaced_at), (Some(event(1)), 10, true, None));
        assert_eq!(tx.key_package(&old).unwrap().unwrap().bundle.as_slice(), [1; 40]);

        assert_eq!(tx.delete_expired_key_packages(9999, 0)?, 0, "the only one stays even when its time is over");
        let new = put(tx, 2, 900)?;
        tx.set_key_package_event(&new, &event(2), 20)?;
        assert_eq!(tx.newest_key_package()?.unwrap().record.reference, new);
        tx.replace_key_packages_with(&new, 30)?;
        tx.replace_key_packages_with(&new, 40)?;
        assert_eq!(tx.own_key_packages()?.iter().map(|own| own.replaced_at).collect::<Vec<_>>(), [None, Some(30)]);
        assert_eq!(tx.delete_expired_key_packages(400, 30)?, 0);
        assert_eq!(tx.delete_expired_key_packages(400, 31)?, 1);
        assert!(tx.key_package(&old).unwrap().is_none());
        tx.delete_key_package_row(&new)?;
        assert!(tx.newest_key_package()?.is_none());
        assert!(matches!(tx.mark_key_package_published(&new), Err(StoreError::NotFound(_))));
        Ok(())
    });
}

#[test]
fn a_person_is_replaced_by_what_was_fetched_last() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let found = PersonRecord { name: "B".into(), outbox_relays: relays(), looked_at: 5, ..PersonRecord::unknown(person(1)) };
        tx.put_person(&PersonRecord { name: "A".into(), ..found.clone() })?;
        tx.put_person(&found)?;
        assert_eq!(tx.person(&person(1))?, Some(found));
        assert_eq!(tx.person(&person(2))?, None);
        Ok(())
    });
}

#[test]
fn epochs_and_processed_messages_are_forgotten_together() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        for n in 1..=7 {
            tx.put_epoch(&group(1), &epoch(n)).unwrap();
            tx.take_snapshot(&group(1), &commit(n), Epoch(n)).unwrap();
            tx.put_witness(&group(1), &commit(n), &person(n as u8)).unwrap();
            assert!(tx.remember_message(&group(1), &Digest::of(&[n as u8]), Epoch(n)).unwrap());
        }
        tx.put_epoch(&group(2), &epoch(1)).unwrap();
        assert!(!tx.remember_message(&group(1), &Digest::of(&[3]), Epoch(9)).unwrap());
        assert!(!tx.knows_message(&group(2), &Digest::of(&[3])).unwrap());

        tx.forget_epochs_before(&group(1), Epoch(3)).unwrap();
        let kept = tx.epochs(&group(1)).unwrap();
        assert_eq!(kept.iter().map(|kept| kept.epoch.0).collect::<Vec<_>>(), [7, 6, 5, 4, 3]);
        let keys = kept[0].keys.as_ref().unwrap();
        assert_eq!((*keys.group_event, *keys.media), ([7; 32], [0x57; 32]));
        assert_eq!((kept[0].routing, &kept[0].relays), (routing(7), &relays()));
        assert_eq!(tx.snapshots(&group(1)).unwrap(), [3, 4, 5, 6, 7].map(|n| (Epoch(n), commit(n))));
        assert_eq!(tx.witnesses(&group(1)).unwrap(), [3, 4, 5, 6, 7].map(|n| (commit(n), person(n as u8))));
        assert!(!tx.knows_message(&group(1), &Digest::of(&[2])).unwrap());
        assert!(tx.knows_message(&group(1), &Digest::of(&[3])).unwrap());
        assert_eq!(tx.epochs(&group(2)).unwrap().len(), 1);
        Ok(())
    });
}

#[test]
fn epochs_of_rival_branches_stand_side_by_side_and_are_forgotten_one_by_one() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let applied = Applied {
            digest: commit(9),
            from: Epoch(3),
            to: Epoch(4),
            by: person(5),
            events: vec![GroupEvent::Renamed("Reading circle".into()), GroupEvent::MemberAdded(person(6))],
            privileged: true,
            still_member: false,
            superseded_own: false,
        };
        // A commit that removed us leaves no keys.
        let rival = EpochRecord { commit: commit(9), parent: Some(commit(3)), keys: None, began: Some(applied.clone()), ..epoch(4) };
        for record in [&epoch(3), &epoch(4), &rival] {
            tx.put_epoch(&group(1), record).unwrap();
            tx.take_snapshot(&group(1), &record.commit, record.epoch).unwrap();
            tx.put_witness(&group(1), &record.commit, &person(1)).unwrap();
        }
        tx.put_tip(&group(1), &commit(9)).unwrap();
        tx.put_tip(&group(1), &commit(4)).unwrap();
        assert_eq!(tx.tip(&group(1)).unwrap(), Some(commit(4)));
        let kept = tx.epochs(&group(1)).unwrap();
        let kept = kept.iter().find(|record| record.commit == commit(9)).unwrap();
        assert_eq!((kept.parent, kept.keys.is_none(), &kept.began), (Some(commit(3)), true, &Some(applied)));

        tx.forget_epoch(&group(1), &commit(9)).unwrap();
        assert_eq!(tx.epochs(&group(1)).unwrap().len(), 2);
        assert_eq!(tx.snapshots(&group(1)).unwrap(), [(Epoch(3), commit(3)), (Epoch(4), commit(4))]);
        assert_eq!(tx.witnesses(&group(1)).unwrap().len(), 2);
        Ok(())
    });
}

#[test]
fn what_happens_in_a_scratch_leaves_nothing_behind() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        tx.put_pending(&group(1), b"one").unwrap();
        let inside = tx.scratch(|| {
            tx.put_pending(&group(1), b"two").unwrap();
            tx.scratch(|| tx.clear_pending(&group(1)).unwrap()).unwrap();
            tx.pending(&group(1)).unwrap()
        });
        assert_eq!(inside.unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(tx.pending(&group(1)).unwrap().as_deref(), Some(&b"one"[..]));
        Ok(())
    });
}

#[test]
fn a_staged_commit_is_kept_until_it_is_cleared() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        tx.put_pending(&group(1), b"one").unwrap();
        tx.put_pending(&group(1), b"two").unwrap();
        assert_eq!(tx.pending(&group(1)).unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(tx.pending(&group(2)).unwrap(), None);
        tx.clear_pending(&group(1)).unwrap();
        assert_eq!(tx.pending(&group(1)).unwrap(), None);
        Ok(())
    });
}
