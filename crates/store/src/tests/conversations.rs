use murmel_engine::{Digest, Epoch, EpochRecord, Storage as _};

use crate::tests::kit::{annotation, chat, commit, epoch, event, fresh, group, message, on, person, relays, routing, wait};
use crate::{
    ChatId, ChatProjection, ChatRecord, ChatState, KIND_DELETE, KIND_EDIT, KIND_REACTION, KIND_SYSTEM, Member, MessageId, MessageRecord,
    StoreError,
};

#[test]
fn a_conversation_comes_back_as_it_was_written() {
    let (_home, database) = fresh();
    let id = on(&database, |tx| tx.insert_chat(&chat(1)));
    let stored = ChatRecord { id, ..chat(1) };
    assert_eq!(on(&database, move |tx| tx.chat(id)), Some(stored.clone()));
    assert_eq!(on(&database, |tx| tx.chat_by_group(&group(1))), Some(stored));
    assert_eq!(on(&database, |tx| tx.chat_by_group(&group(2))), None);
    let twice = wait(database.write(|tx, _| tx.insert_chat(&chat(1))));
    assert!(matches!(twice, Err(StoreError::Statement(_))));
}

#[test]
fn conversations_are_listed_by_their_latest_activity() {
    let (_home, database) = fresh();
    let order = on(&database, |tx| {
        let a = tx.insert_chat(&chat(1))?;
        let b = tx.insert_chat(&ChatRecord { last_activity: 301, ..chat(2) })?;
        let first: Vec<_> = tx.chats()?.into_iter().map(|chat| chat.id).collect();
        tx.touch_chat(a, 400)?;
        tx.touch_chat(b, 5)?;
        let second: Vec<_> = tx.chats()?.into_iter().map(|chat| (chat.id, chat.last_activity)).collect();
        Ok((first == [b, a], second == [(a, 400), (b, 301)]))
    });
    assert_eq!(order, (true, true));
}

#[test]
fn a_projection_replaces_name_relays_and_members() {
    let (_home, database) = fresh();
    let (found, members) = on(&database, |tx| {
        let id = tx.insert_chat(&chat(1))?;
        let member = |n, is_admin| Member { public_key: person(n), is_admin };
        let mut projection = ChatProjection {
            name: "new".into(),
            description: "text".into(),
            epoch: Epoch(4),
            relays: vec!["wss://c.example".into()],
            routing: routing(7),
            retention: 90,
            avatar: String::new(),
            members: vec![member(1, true), member(2, false)],
        };
        tx.update_chat(id, &projection)?;
        projection.members = vec![member(2, true), member(3, false)];
        tx.update_chat(id, &projection)?;
        Ok((tx.chat(id)?, tx.members(id)?))
    });
    let found = found.unwrap();
    assert_eq!((found.name.as_str(), found.epoch, found.routing), ("new", Epoch(4), routing(7)));
    assert_eq!((found.retention, found.avatar.as_str()), (90, ""));
    assert_eq!(found.relays, ["wss://c.example"]);
    assert_eq!(members, [Member { public_key: person(2), is_admin: true }, Member { public_key: person(3), is_admin: false }]);
}

#[test]
fn an_old_tag_still_finds_the_conversation_and_a_shared_tag_finds_both() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        tx.insert_chat(&chat(1))?;
        tx.insert_chat(&chat(2))?;
        let epoch = EpochRecord { routing: routing(50), ..epoch(2) };
        tx.put_epoch(&group(1), &epoch).unwrap();
        tx.put_epoch(&group(2), &EpochRecord { routing: routing(1), ..epoch }).unwrap();
        Ok(())
    });
    let groups = |n| on(&database, move |tx| Ok(tx.chats_by_routing(&routing(n))?.into_iter().map(|chat| chat.group).collect::<Vec<_>>()));
    assert_eq!(groups(50), [group(1)]);
    assert_eq!(groups(1), [group(1), group(2)]);
    assert_eq!(groups(2), [group(2)]);
    assert!(groups(3).is_empty());
}

#[test]
fn state_join_and_rotation_can_be_changed() {
    let (_home, database) = fresh();
    let found = on(&database, |tx| {
        let id = tx.insert_chat(&chat(1))?;
        tx.set_chat_state(id, ChatState::Removed)?;
        let removed = tx.chat(id)?.map(|chat| chat.state);
        tx.rejoin_chat(id, 900, Some(person(8)))?;
        tx.set_needs_self_update(id, None)?;
        Ok((removed, tx.chat(id)?))
    });
    assert_eq!(found.0, Some(ChatState::Removed));
    let back = found.1.unwrap();
    assert_eq!((back.state, back.joined_at, back.inviter, back.needs_self_update_at), (ChatState::Active, 900, Some(person(8)), None));
    let lost = wait(database.write(|tx, _| tx.set_chat_state(ChatId(77), ChatState::Left)));
    assert!(matches!(lost, Err(StoreError::NotFound(_))));
}

#[test]
fn a_message_comes_back_as_it_was_written_and_only_once() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let chat = tx.insert_chat(&chat(1))?;
        let written = MessageRecord { target: Some(event(90)), expires_at: Some(70), mine: true, ..message(chat, 1, 10) };
        let id = tx.insert_message(&written)?.unwrap();
        let stored = Some(MessageRecord { id, ..written.clone() });
        assert_eq!(tx.message(id)?, stored);
        assert_eq!(tx.message_by_event(chat, &event(1))?, stored);
        assert_eq!(tx.insert_message(&MessageRecord { at: 99, ..written })?, None);
        assert_eq!(tx.message_page(chat, None, 10)?.len(), 1);
        Ok(())
    });
}

#[test]
fn times_beyond_what_a_column_holds_are_cut_not_refused() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let chat = tx.insert_chat(&chat(1))?;
        let id = tx.insert_message(&message(chat, 1, u64::MAX - 1))?.unwrap();
        assert_eq!(tx.message(id)?.unwrap().at, i64::MAX as u64);
        assert_eq!(tx.message_page(chat, None, 10)?.len(), 1);
        Ok(())
    });
}

#[test]
fn pages_follow_the_order_of_places_and_meet_without_gap_or_overlap() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let other = tx.insert_chat(&chat(2))?;
        // Times repeat and go back; annotations and another conversation lie in between.
        for n in 0..60_u16 {
            tx.insert_message(&message(here, n, u64::from(n * 7 % 20)))?;
            tx.insert_message(&annotation(here, 100 + n, u64::from(n), KIND_REACTION, n))?;
            tx.insert_message(&message(other, n, u64::from(n)))?;
        }
        tx.insert_message(&MessageRecord { kind: KIND_SYSTEM, ..message(here, 999, 10) })?;
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let page = tx.message_page(here, before, 7)?;
            let Some(last) = page.last() else { break };
            before = Some(last.place());
            all.extend(page);
        }
        assert_eq!(all.len(), 61);
        assert!(all.iter().all(|row| row.chat == here && matches!(row.kind, 9 | 1210)));
        assert!(all.windows(2).all(|pair| pair[0].place() > pair[1].place()));

        let middle = &all[30];
        let after = tx.message_page_after(here, middle.place(), 100)?;
        let expected: Vec<_> = all[..30].iter().rev().cloned().collect();
        assert_eq!(after, expected);
        assert_eq!(tx.newest_message(here)?.as_ref(), all.first());
        Ok(())
    });
}

/// Decision 0012.
#[test]
fn what_was_said_at_the_same_time_has_one_order_whoever_heard_it_first() {
    let arrivals = [[1, 2, 3, 4], [4, 2, 1, 3], [3, 4, 2, 1]];
    let orders = arrivals.map(|arrival| {
        let (_home, database) = fresh();
        on(&database, move |tx| {
            let here = tx.insert_chat(&chat(1))?;
            for n in arrival {
                tx.insert_message(&message(here, n, if n == 4 { 9 } else { 10 }))?;
            }
            // Two things that happened at that time: before what was said, in the order in which they happened.
            for n in [901, 900] {
                tx.insert_message(&MessageRecord { kind: KIND_SYSTEM, ..message(here, n, 10) })?;
            }
            Ok(tx.message_page(here, None, 10)?.into_iter().rev().map(|row| row.event_id).collect::<Vec<_>>())
        })
    });
    for order in orders {
        assert_eq!(order, [4, 901, 900, 1, 2, 3].map(event));
    }
}

#[test]
fn annotations_are_those_of_the_named_messages_only() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let other = tx.insert_chat(&chat(2))?;
        tx.insert_message(&annotation(here, 10, 30, KIND_REACTION, 1))?;
        tx.insert_message(&annotation(here, 11, 20, KIND_DELETE, 1))?;
        tx.insert_message(&annotation(here, 12, 40, KIND_EDIT, 2))?;
        tx.insert_message(&annotation(here, 13, 5, KIND_REACTION, 3))?;
        tx.insert_message(&annotation(other, 14, 5, KIND_REACTION, 1))?;
        // A reply refers to its parent but is a message.
        tx.insert_message(&annotation(here, 15, 5, 9, 1))?;
        let found: Vec<_> = tx.annotations(here, &[event(1), event(2)])?.into_iter().map(|row| row.event_id).collect();
        assert_eq!(found, [event(11), event(10), event(12)]);
        Ok(())
    });
}

#[test]
fn unread_counts_what_others_wrote_after_the_mark_in_order_of_arrival() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let read = tx.insert_message(&message(here, 1, 100))?.unwrap();
        assert_eq!(tx.unread_count(here)?, 1);
        assert!(tx.mark_read(here, read)?);
        assert!(!tx.mark_read(here, MessageId(0))?);
        assert_eq!((tx.unread_count(here)?, tx.first_unread(here)?), (0, None));

        tx.insert_message(&message(here, 2, 300))?;
        // Came later, was written earlier than everything: unread, and the first one.
        let late = tx.insert_message(&message(here, 3, 50))?.unwrap();
        tx.insert_message(&MessageRecord { mine: true, ..message(here, 4, 400) })?;
        tx.insert_message(&annotation(here, 5, 400, KIND_REACTION, 1))?;
        tx.insert_message(&MessageRecord { kind: KIND_SYSTEM, ..message(here, 6, 400) })?;
        assert_eq!((tx.unread_count(here)?, tx.first_unread(here)?), (2, Some(MessageRecord { id: late, ..message(here, 3, 50) }.place())));
        // Down to the late one, which came last, it is read up to what came before that; down to the end, everything.
        let late_row = tx.message(late)?.unwrap();
        assert_eq!(tx.read_down_to(here, late_row.place())?, MessageId(late.0 - 2));
        let end = tx.newest_message(here)?.unwrap();
        assert!(tx.read_down_to(here, end.place())? >= late, "what came last stands above the end");
        assert!(tx.erase_message(late)?);
        assert_eq!(tx.unread_count(here)?, 1);
        Ok(())
    });
}

#[test]
fn what_was_announced_or_read_is_not_announced_again() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let first = tx.insert_message(&message(here, 1, 100))?.unwrap();
        tx.insert_message(&MessageRecord { mine: true, ..message(here, 2, 100) })?;
        // Written earlier, arrived later: order of arrival counts.
        let second = tx.insert_message(&message(here, 3, 50))?.unwrap();
        assert_eq!(tx.unannounced(here, 9)?, [second, first]);
        assert_eq!(tx.unannounced(here, 1)?, [second]);
        tx.mark_announced(here, first)?;
        assert_eq!(tx.unannounced(here, 9)?, [second]);
        tx.mark_announced(here, MessageId::NEW)?;
        assert_eq!(tx.unannounced(here, 9)?, [second], "the mark went back");
        tx.mark_read(here, second)?;
        assert_eq!(tx.unannounced(here, 9)?, []);
        Ok(())
    });
}

#[test]
fn an_erased_message_keeps_its_place_and_nothing_of_its_content() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let id = tx.insert_message(&message(here, 1, 10))?.unwrap();
        assert!(tx.erase_message(id)?);
        assert!(!tx.erase_message(id)?);
        let row = tx.message(id)?.unwrap();
        assert_eq!((row.content.as_str(), row.tags.len(), row.erased), ("", 0, true));
        assert_eq!(tx.insert_message(&message(here, 1, 10))?, None);
        Ok(())
    });
}

#[test]
fn rows_are_listed_by_arrival_and_by_epoch() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let first = tx.insert_message(&message(here, 1, 500))?.unwrap();
        let second = tx.insert_message(&annotation(here, 2, 100, KIND_REACTION, 1))?.unwrap();
        let third = tx.insert_message(&MessageRecord { epoch: Epoch(4), mine: true, ..message(here, 3, 1) })?.unwrap();
        let ids = |rows: Vec<MessageRecord>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(tx.messages_after(here, MessageId::NEW, 2)?), [first, second]);
        assert_eq!(ids(tx.messages_after(here, second, 9)?), [third]);
        assert_eq!(ids(tx.messages_since_epoch(here, Epoch(4))?), [third]);
        tx.resend_message(third, Epoch(6), &commit(6), &Digest::of(b"again"))?;
        let sent = tx.message(third)?.unwrap();
        assert_eq!((sent.epoch, sent.digest), (Epoch(6), Some(Digest::of(b"again"))));
        Ok(())
    });
}

#[test]
fn a_withdrawn_row_is_in_no_list_and_no_count_and_comes_back_in_its_place() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let first = tx.insert_message(&message(here, 1, 10))?.unwrap();
        let second = tx.insert_message(&MessageRecord { branch: Some(commit(4)), ..message(here, 2, 20) })?.unwrap();
        let reaction = tx.insert_message(&annotation(here, 3, 30, KIND_REACTION, 1))?.unwrap();
        let shown = || Ok::<_, StoreError>(tx.message_page(here, None, 9)?.into_iter().map(|row| row.id).collect::<Vec<_>>());
        for id in [second, reaction] {
            tx.set_withdrawn(id, true)?;
            tx.set_withdrawn(id, true)?;
        }
        assert_eq!((shown()?, tx.unread_count(here)?), (vec![first], 1));
        assert!(tx.annotations(here, &[event(1)])?.is_empty());
        let row = tx.message(second)?.unwrap();
        assert_eq!((row.withdrawn, row.branch, row.content.as_str()), (true, Some(commit(4)), "message 2"));
        assert_eq!(tx.messages_since_epoch(here, Epoch(0))?.len(), 3);
        for id in [second, reaction] {
            tx.set_withdrawn(id, false)?;
        }
        assert_eq!((shown()?, tx.unread_count(here)?), (vec![second, first], 2));
        assert_eq!(tx.annotations(here, &[event(1)])?.len(), 1);
        assert!(!tx.message(reaction)?.unwrap().withdrawn);
        Ok(())
    });
}

#[test]
fn a_message_id_is_never_given_out_twice() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let first = tx.insert_message(&message(here, 1, 10))?.unwrap();
        tx.delete_message(first)?;
        assert_eq!(tx.message(first)?, None);
        let again = tx.insert_message(&message(here, 1, 10))?.unwrap();
        assert!(again > first);
        Ok(())
    });
}

#[test]
fn what_has_to_disappear_disappears_in_its_time() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let id = |n, expires_at| tx.insert_message(&MessageRecord { expires_at, ..message(here, n, 10) });
        let soon = id(1, Some(20))?.unwrap();
        id(2, Some(30))?;
        id(3, None)?;
        assert_eq!(tx.delete_expired(19, 10)?, []);
        let gone: Vec<_> = tx.delete_expired(29, 10)?.into_iter().map(|row| (row.chat, row.id)).collect();
        assert_eq!(gone, [(here, soon)]);
        assert_eq!(tx.message_page(here, None, 10)?.len(), 2);
        Ok(())
    });
}

#[test]
fn what_was_said_about_a_message_and_what_carried_it_go_with_it() {
    use crate::tests::kit::{annotation, outgoing};
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let expires_at = Some(20);
        let id = tx.insert_message(&MessageRecord { expires_at, ..message(here, 1, 10) })?.unwrap();
        // Each of these would stay longer by itself: they came later.
        for (n, kind, target) in [(2, KIND_REACTION, 1), (3, KIND_EDIT, 1), (4, KIND_DELETE, 2)] {
            tx.insert_message(&MessageRecord { expires_at: Some(40), ..annotation(here, n, 12, kind, target) })?;
        }
        tx.insert_message(&MessageRecord { target: Some(event(1)), ..message(here, 5, 13) })?;
        let carrier = tx.enqueue(&crate::OutboxRecord { chat: Some(here), message: Some(id), ..outgoing(6, 1) }, &relays())?;
        assert_eq!(tx.next_expiry()?, Some(20));
        assert_eq!(tx.delete_expired(20, 10)?.len(), 4);
        assert_eq!(tx.outbox(carrier)?, None);
        assert_eq!(tx.next_expiry()?, None);
        let left: Vec<_> = tx.messages_after(here, MessageId::NEW, 10)?.into_iter().map(|row| row.event_id).collect();
        assert_eq!(left, [event(5)], "an answer stays");
        Ok(())
    });
}

#[test]
fn the_edits_of_a_message_can_be_erased() {
    use crate::tests::kit::annotation;
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        tx.insert_message(&message(here, 1, 10))?;
        let edit = tx.insert_message(&annotation(here, 2, 11, KIND_EDIT, 1))?.unwrap();
        let reaction = tx.insert_message(&annotation(here, 3, 11, KIND_REACTION, 1))?.unwrap();
        tx.erase_edits(here, &event(1))?;
        assert!(tx.message(edit)?.is_some_and(|row| row.erased && row.content.is_empty()));
        assert!(tx.message(reaction)?.is_some_and(|row| !row.erased));
        Ok(())
    });
}

#[test]
fn a_forgotten_conversation_leaves_no_row_behind() {
    let (_home, database) = fresh();
    let before = on(&database, |tx| tx.state_hash(&["sqlite_sequence"]));
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        tx.update_chat(
            here,
            &ChatProjection {
                name: String::new(),
                description: String::new(),
                epoch: Epoch(0),
                relays: vec![],
                routing: routing(1),
                retention: 0,
                avatar: String::new(),
                members: vec![Member { public_key: person(1), is_admin: true }],
            },
        )?;
        let id = tx.insert_message(&message(here, 1, 10))?.unwrap();
        let mut event = crate::tests::kit::outgoing(1, 1);
        event.chat = Some(here);
        event.message = Some(id);
        tx.enqueue(&event, &relays())?;
        tx.insert_deferred(&crate::tests::kit::deferred(1, 1, Some(here)))?;
        Ok(())
    });
    let with = on(&database, |tx| tx.state_hash(&["sqlite_sequence"]));
    assert_ne!(before, with);
    on(&database, |tx| tx.forget_chat(ChatId(1)));
    assert_eq!(on(&database, |tx| tx.state_hash(&["sqlite_sequence"])), before);
    assert!(on(&database, |tx| tx.is_sound()));
}
