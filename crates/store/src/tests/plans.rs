use murmel_engine::{Digest, Epoch, KeyPackageRecord, KeyPackageRef, Storage as _};
use zeroize::Zeroizing;

use crate::tests::kit::{
    annotation, chat, commit, deferred, epoch, event, fresh, group, message, on, outgoing, person, relays, request, routing,
};
use crate::tx::STATEMENTS;
use crate::{
    Answer, Cancellation, ChatProjection, ChatState, ChoiceRecord, ContactRecord, CursorKey, DraftRecord, KIND_REACTION, Lane, Member,
    MessageId, MessageRecord, Muted, OutboxRecord, PageKey, PersonRecord, RequestInsert, RequestState, StoreError, Tx,
};

/// What may be walked from end to end, because the cap beside it is small or the caller wants all of it.
const MAY_BE_WALKED: [&str; 16] = [
    "SCAN account",
    // Of people, the search by name reads all that the cap allows; the others grow only with what the person here does.
    "SCAN people",
    "SCAN contacts",
    "SCAN choices",
    "SCAN own_profiles",
    "SCAN settings",
    "SCAN chats",
    "SCAN cursors",
    "SCAN people USING COVERING INDEX",
    "SCAN deferred USING COVERING INDEX",
    "SCAN key_packages",
    "SCAN openmls_encryption_keys",
    "SCAN sqlite_schema",
    // The conversations that have something under way, a line for each relay.
    "SCAN held",
    // Not a walk: the scalar of a constant row, and the lists inside of a union.
    "SCAN CONSTANT ROW",
    "SCAN (subquery",
];

#[test]
fn no_statement_walks_a_table_that_grows() {
    let (_home, database) = fresh();
    let plans = on(&database, |tx| {
        exercise(tx)?;
        let statements = STATEMENTS.lock().unwrap().clone();
        assert!(statements.len() > 100, "only {} statements ran", statements.len());
        let mut plans = Vec::new();
        for sql in
            statements.into_iter().filter(|sql| !sql.starts_with("PRAGMA") && !sql.contains("sqlite_schema") && !sql.contains("pragma_"))
        {
            let mut explained = tx.connection().prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let mut rows = explained.raw_query();
            while let Some(row) = rows.next()? {
                plans.push((sql, row.get::<_, String>(3)?));
            }
        }
        Ok(plans)
    });
    let walks: Vec<_> = plans
        .iter()
        .filter(|(_, step)| step.starts_with("SCAN") && !MAY_BE_WALKED.iter().any(|allowed| step.starts_with(allowed)))
        .collect();
    assert!(walks.is_empty(), "{walks:#?}");
}

#[test]
fn what_refers_to_a_message_is_found_without_reading_its_conversation() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        exercise(tx)?;
        let statements = STATEMENTS.lock().unwrap().clone();
        let asking: Vec<_> = statements.into_iter().filter(|sql| sql.contains("target = ") && sql.contains("messages")).collect();
        assert!(asking.len() >= 2, "{asking:?}");
        for sql in asking {
            let mut explained = tx.connection().prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let steps = explained.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>()?;
            assert!(steps.iter().any(|step| step.contains("messages_by_target (chat=? AND target=?")), "{sql}: {steps:?}");
        }
        Ok(())
    });
}

#[test]
fn what_is_due_is_found_without_reading_all_that_a_conversation_has_sent() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        exercise(tx)?;
        let statements = STATEMENTS.lock().unwrap().clone();
        let asking: Vec<_> = statements.into_iter().filter(|sql| sql.contains("outbox AS")).collect();
        assert!(!asking.is_empty());
        for sql in asking {
            let mut explained = tx.connection().prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let steps = explained.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>()?;
            assert!(!steps.iter().any(|step| step.contains("(chat=?)")), "{sql}: {steps:?}");
        }
        Ok(())
    });
}

#[test]
fn a_page_of_the_timeline_is_read_in_place_without_sorting() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        exercise(tx)?;
        let statements = STATEMENTS.lock().unwrap().clone();
        let pages: Vec<_> = statements.into_iter().filter(|sql| sql.contains("m.shown = 1 AND (m.at, m.tie, m.id)")).collect();
        assert_eq!(pages.len(), 2);
        for sql in pages {
            let steps = tx
                .connection()
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?
                .raw_query()
                .mapped(|row| row.get::<_, String>(3))
                .collect::<Result<Vec<_>, _>>()?;
            assert_eq!(steps.len(), 1, "{steps:?}");
            assert!(steps[0].starts_with("SEARCH m USING PRIMARY KEY (chat=? AND shown=? AND (at,tie,id)"), "{steps:?}");
        }
        Ok(())
    });
}

#[test]
fn unread_messages_are_counted_without_visiting_them() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        tx.unread_count(here)?;
        tx.first_unread(here)?;
        tx.read_down_to(here, PageKey { at: 0, tie: 0, id: MessageId::NEW })?;
        tx.unannounced(here, 5)?;
        let statements = STATEMENTS.lock().unwrap().clone();
        let unread: Vec<_> = statements.into_iter().filter(|sql| sql.contains("m.kind = 9 AND m.mine = 0")).collect();
        assert_eq!(unread.len(), 4);
        for sql in unread {
            let plan = tx
                .connection()
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?
                .raw_query()
                .mapped(|row| row.get::<_, String>(3))
                .collect::<Result<Vec<_>, _>>()?;
            assert!(
                plan.iter().any(|step| step.starts_with("SEARCH m USING COVERING INDEX messages_unread (chat=? AND id>?)")),
                "{plan:?}"
            );
        }
        Ok(())
    });
}

/// Runs every statement of the crate at least once.
fn exercise(tx: &Tx<'_>) -> Result<(), StoreError> {
    small_tables(tx)?;
    let here = tx.insert_chat(&chat(1))?;
    tx.update_chat(
        here,
        &ChatProjection {
            name: String::new(),
            description: String::new(),
            epoch: Epoch(1),
            relays: relays(),
            routing: routing(1),
            retention: 0,
            avatar: String::new(),
            members: vec![Member { public_key: person(1), is_admin: true }],
        },
    )?;
    tx.chat(here)?;
    tx.chat_by_group(&group(1))?;
    tx.chats_by_routing(&routing(1))?;
    tx.chats()?;
    tx.members(here)?;
    tx.set_chat_state(here, ChatState::Leaving)?;
    tx.rejoin_chat(here, 1, None)?;
    tx.touch_chat(here, 1)?;
    tx.set_needs_self_update(here, None)?;

    let id = tx.insert_message(&MessageRecord { expires_at: Some(5), ..message(here, 1, 10) })?.unwrap();
    tx.insert_message(&annotation(here, 2, 11, KIND_REACTION, 1))?;
    tx.mark_read(here, id)?;
    tx.message(id)?;
    tx.message_by_event(here, &event(1))?;
    tx.message_page(here, None, 5)?;
    tx.message_page_after(here, PageKey { at: 0, tie: 0, id }, 5)?;
    tx.annotations(here, &[event(1)])?;
    tx.messages_after(here, MessageId::NEW, 5)?;
    tx.newest_arrivals(here, 9)?;
    tx.messages_since_epoch(here, Epoch(1))?;
    tx.unread_count(here)?;
    tx.first_unread(here)?;
    tx.read_down_to(here, PageKey { at: 0, tie: 0, id })?;
    tx.put_choice(here, &ChoiceRecord { muted: Some(Muted::Until(5)), ..ChoiceRecord::default() })?;
    tx.pinned()?;
    tx.no_longer_muted(5)?;
    tx.next_unmute()?;
    tx.put_draft(here, &DraftRecord { text: "a".into(), ..DraftRecord::default() })?;
    tx.put_draft(here, &DraftRecord::default())?;
    tx.insert_mention(here, id)?;
    tx.is_mention(here, id)?;
    tx.unread_mentions(here, 5)?;
    tx.unannounced(here, 5)?;
    tx.mark_announced(here, id)?;
    tx.put_pair(here, &person(1))?;
    tx.pair(here)?;
    tx.pairs_with(&person(1))?;
    tx.remove_pair(here)?;
    tx.erase_message(id)?;
    tx.resend_message(id, Epoch(4), &commit(4), &Digest::of(b"x"))?;
    tx.set_withdrawn(id, true)?;
    tx.insert_race(here, 1, "{}")?;
    tx.races(here)?;
    tx.keep_list_version(10002, &event(90), "{}", 1)?;
    tx.list_versions(10002)?;
    tx.list_version(1)?;

    let sent = tx.enqueue(&OutboxRecord { chat: Some(here), message: Some(id), ..outgoing(1, 1) }, &relays())?;
    tx.outbox(sent)?;
    tx.outbox_by_message(id)?;
    tx.outbox_unsettled(5)?;
    tx.outbox_open_in(here)?;
    tx.outbox_accepted_late(here, Epoch(1), Epoch(2), 0)?;
    tx.outbox_taken(0, 9, 5)?;
    tx.not_kept(sent, "wss://a.example", "", 9)?;
    tx.failed_welcomes(here)?;
    tx.replace_event(sent, &event(77), b"{}")?;
    tx.due(5, 5)?;
    tx.next_due(50)?;
    tx.hurry("wss://a.example", 50, 60)?;
    tx.record_answer(sent, "wss://a.example", Answer::Refused, "", 2, None)?;
    tx.retry(sent, 3)?;
    tx.deliveries(sent)?;
    tx.deliveries_of_message(id)?;
    tx.open_count()?;
    tx.open_count_in(here)?;
    tx.cancel(sent, Cancellation::ByUser)?;
    tx.prune_outbox(9)?;
    tx.insert_message(&crate::MessageRecord { expires_at: Some(8), ..message(here, 900, 8) })?;
    tx.next_expiry()?;
    tx.delete_expired(9, 9)?;
    tx.erase_edits(here, &event(900))?;

    let kept = tx.insert_deferred(&deferred(1, 1, Some(here)))?;
    tx.deferred_in(here)?;
    tx.deferred_by_routing(&routing(1))?;
    tx.count_deferred_try(kept, "")?;
    for n in 0..=crate::DEFERRED_CAP as u16 {
        tx.insert_deferred(&deferred(1000 + n, (n / 250) as u8, None))?;
    }
    for n in 0..=crate::DEFERRED_CAP_PER_ROUTING as u16 {
        tx.insert_deferred(&deferred(9000 + n, 99, None))?;
    }
    tx.remove_deferred(&event(1))?;
    tx.forget_chat(here)?;
    engine_tables(tx);
    Ok(())
}

fn small_tables(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.account()?;
    tx.set_account_name("")?;
    tx.set_other_clients(1)?;
    tx.put_setting("a", "b")?;
    tx.setting("a")?;
    tx.settings()?;
    tx.remove_setting("a")?;
    tx.put_progress_number("a", 1)?;
    tx.raise_progress_number("a", 2)?;
    tx.put_progress_text("a", "b")?;
    tx.progress_number("a")?;
    tx.progress_text("a")?;
    tx.remove_progress("a")?;
    let key = CursorKey { lane: Lane::Inbox, relay: "a".into(), subscription: "b".into() };
    for n in 0..=crate::CURSOR_CAP {
        tx.put_cursor(&CursorKey { relay: n.to_string(), ..key.clone() }, 1)?;
    }
    tx.cursor(&key)?;
    tx.cursors()?;
    tx.remove_cursor(&key)?;
    tx.put_person(&PersonRecord::unknown(person(1)))?;
    tx.person(&person(1))?;
    tx.people()?;
    tx.companions()?;
    tx.chats_of(&person(1))?;
    tx.put_contact(&ContactRecord { blocked_at: Some(1), ..ContactRecord::new(person(1)) })?;
    tx.meet(&person(1))?;
    tx.contact(&person(1))?;
    tx.contacts()?;
    tx.is_blocked(&person(1))?;
    tx.blocked()?;
    tx.put_contact(&ContactRecord::new(person(1)))?;
    tx.keep_own_profile(&event(1), "{}", 1)?;
    tx.own_profiles()?;
    let RequestInsert::Added(id) = tx.insert_request(&request(1), 5)? else {
        return Err(StoreError::NotFound("the request"));
    };
    tx.request(id)?;
    tx.open_requests()?;
    tx.spare_request_count()?;
    tx.requests_of_group(&group(1), RequestState::Spare)?;
    tx.open_requests_of(&person(4))?;
    tx.set_request_state(id, RequestState::Accepted)?;
    tx.prune_requests(5)?;
    tx.remember_seen(&event(1), 1)?;
    tx.remember_tagged(&event(2), routing(1).as_bytes(), 1, 1)?;
    tx.seen_between(routing(1).as_bytes(), 1, 2)?;
    tx.is_seen(&event(1))?;
    tx.prune_seen(5)?;
    Ok(())
}

fn engine_tables(tx: &Tx<'_>) {
    let reference = KeyPackageRef::new([1; 32]);
    tx.put_key_package(&KeyPackageRecord { reference, bundle: Zeroizing::new(vec![1]), not_after: 5 }).unwrap();
    tx.key_package(&reference).unwrap();
    tx.own_key_packages().unwrap();
    tx.newest_key_package().unwrap();
    tx.set_key_package_event(&reference, &event(1), 1).unwrap();
    tx.mark_key_package_published(&reference).unwrap();
    tx.replace_key_packages_with(&reference, 1).unwrap();
    tx.delete_expired_key_packages(1, 1).unwrap();
    tx.delete_key_package_row(&reference).unwrap();
    tx.put_epoch(&group(1), &epoch(1)).unwrap();
    tx.epochs(&group(1)).unwrap();
    tx.put_tip(&group(1), &commit(1)).unwrap();
    tx.tip(&group(1)).unwrap();
    tx.put_witness(&group(1), &commit(1), &person(1)).unwrap();
    tx.witnesses(&group(1)).unwrap();
    tx.take_snapshot(&group(1), &commit(1), Epoch(1)).unwrap();
    tx.restore_snapshot(&group(1), &commit(1)).unwrap();
    tx.snapshots(&group(1)).unwrap();
    tx.scratch(|| ()).unwrap();
    tx.forget_epoch(&group(1), &commit(1)).unwrap();
    tx.remember_message(&group(1), &Digest::of(b"x"), Epoch(1)).unwrap();
    tx.knows_message(&group(1), &Digest::of(b"x")).unwrap();
    tx.remember_proposal(&group(1), &Digest::of(b"x"), b"reference").unwrap();
    tx.proposal_digest(&group(1), b"reference").unwrap();
    tx.put_pending(&group(1), b"x").unwrap();
    tx.pending(&group(1)).unwrap();
    tx.clear_pending(&group(1)).unwrap();
    tx.forget_epochs_before(&group(1), Epoch(1)).unwrap();
    tx.forget_group(&group(1)).unwrap();
}
