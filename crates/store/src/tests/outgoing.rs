use murmel_engine::Epoch;

use crate::tests::kit::{chat, event, fresh, message, on, outgoing, relays, wait};
use crate::{
    Answer, CHAT_WINDOW, Cancellation, Delivery, Lane, MessageRecord, OUTBOX_CAP, OutboxRecord, OutboxState, Purpose, REFUSALS_AWAITED,
    StoreError, Tx,
};

const A: &str = "wss://a.example";
const B: &str = "wss://b.example";

fn due(tx: &Tx<'_>, now: u64) -> Result<Vec<(i64, String)>, StoreError> {
    Ok(tx.due(now, 100)?.into_iter().map(|due| (due.outbox.0, due.relay)).collect())
}

#[test]
fn an_event_comes_back_as_it_was_enqueued_and_only_once() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let chat = tx.insert_chat(&chat(1))?;
        let message = tx.insert_message(&message(chat, 1, 10))?.unwrap();
        let record = OutboxRecord { chat: Some(chat), message: Some(message), ..outgoing(1, 50) };
        let id = tx.enqueue(&record, &[A.into()])?;
        assert_eq!(tx.outbox(id)?, Some(OutboxRecord { id, ..record.clone() }));
        assert_eq!(tx.enqueue(&record, &relays())?, id);
        assert_eq!(tx.outbox_by_message(message)?.len(), 1);
        assert_eq!(tx.outbox_open_in(chat)?.len(), 1);
        assert_eq!((tx.open_count()?, tx.open_count_in(chat)?), (1, 1));
        let deliveries = tx.deliveries_of_message(message)?;
        assert_eq!(deliveries, tx.deliveries(id)?);
        let waiting = |relay: &str| Delivery {
            outbox: id,
            relay: relay.into(),
            answer: Answer::Waiting,
            detail: String::new(),
            attempts: 0,
            last_at: None,
            next_at: Some(50),
        };
        assert_eq!(deliveries, [waiting(A), waiting(B)]);
        Ok(())
    });
}

#[test]
fn one_acceptance_settles_the_event_and_the_other_relay_is_still_tried() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let id = tx.enqueue(&outgoing(1, 50), &relays())?;
        assert_eq!(due(tx, 49)?, []);
        assert_eq!(due(tx, 50)?, [(id.0, A.into()), (id.0, B.into())]);
        assert_eq!(tx.due(50, 1)?[0].lane, Lane::Group);

        let standing = tx.record_answer(id, A, Answer::TimedOut, "slow", 60, Some(90))?;
        assert_eq!((standing.state, standing.changed, standing.accepted, standing.waiting), (OutboxState::Open, false, 0, 2));
        assert_eq!(due(tx, 60)?, [(id.0, B.into())]);
        let standing = tx.record_answer(id, B, Answer::Accepted, "", 61, Some(99))?;
        assert_eq!((standing.state, standing.changed, standing.accepted, standing.waiting), (OutboxState::Done, true, 1, 1));
        assert_eq!(due(tx, 89)?, []);
        assert_eq!((tx.next_due(60)?, tx.next_due(90)?), (Some(90), None));
        assert_eq!(due(tx, 90)?, [(id.0, A.into())]);
        assert_eq!(tx.due(90, 9)?[0].attempts, 1);
        // What was accepted stays accepted.
        tx.record_answer(id, B, Answer::Refused, "late", 70, Some(80))?;
        assert_eq!(tx.deliveries(id)?[1].answer, Answer::Accepted);
        // Giving the last relay up does not undo it.
        let standing = tx.record_answer(id, A, Answer::Refused, "no", 95, None)?;
        assert_eq!((standing.state, standing.changed), (OutboxState::Done, false));
        assert_eq!(tx.next_due(0)?, None);
        Ok(())
    });
}

#[test]
fn an_event_that_every_relay_refused_failed_and_can_be_retried() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let id = tx.enqueue(&outgoing(1, 50), &relays())?;
        tx.record_answer(id, A, Answer::Refused, "blocked", 60, None)?;
        let standing = tx.record_answer(id, B, Answer::Refused, "blocked: b", 61, None)?;
        assert_eq!((standing.state, standing.changed), (OutboxState::Failed, true));
        let failed = tx.outbox(id)?.unwrap();
        assert_eq!((failed.state, failed.refusal.as_str()), (OutboxState::Failed, "blocked: b"));
        assert_eq!(due(tx, 1000)?, []);

        tx.retry(id, 200)?;
        assert_eq!(tx.outbox(id)?.unwrap().state, OutboxState::Open);
        assert_eq!(due(tx, 200)?, [(id.0, A.into()), (id.0, B.into())]);
        tx.cancel(id, Cancellation::ByUser)?;
        assert_eq!(tx.outbox(id)?.unwrap().cancelled, Some(Cancellation::ByUser));
        assert_eq!(due(tx, 200)?, []);
        Ok(())
    });
}

#[test]
fn more_than_one_acceptance_can_be_required() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let id = tx.enqueue(&OutboxRecord { required: 2, ..outgoing(1, 50) }, &relays())?;
        assert_eq!(tx.record_answer(id, A, Answer::Accepted, "", 60, None)?.state, OutboxState::Open);
        assert_eq!(tx.record_answer(id, B, Answer::Accepted, "", 60, None)?.state, OutboxState::Done);
        Ok(())
    });
}

#[test]
fn what_depends_on_another_event_waits_until_that_is_done() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let commit = tx.enqueue(&outgoing(1, 50), &[A.into()])?;
        let welcome = tx.enqueue(&OutboxRecord { depends: Some(commit), ..outgoing(2, 50) }, &[B.into()])?;
        assert_eq!(due(tx, 60)?, [(commit.0, A.into())]);
        tx.record_answer(commit, A, Answer::Accepted, "", 60, None)?;
        assert_eq!(due(tx, 60)?, [(welcome.0, B.into())]);
        Ok(())
    });
}

#[test]
fn settled_events_are_pruned_and_open_ones_are_not() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let chat = tx.insert_chat(&chat(1))?;
        let message = tx.insert_message(&message(chat, 1, 10))?;
        let done = tx.enqueue(&outgoing(1, 50), &relays())?;
        let open = tx.enqueue(&outgoing(2, 50), &relays())?;
        let failed = tx.enqueue(&OutboxRecord { message, ..outgoing(3, 50) }, &relays())?;
        let needed = tx.enqueue(&outgoing(4, 50), &relays())?;
        let later = tx.enqueue(&OutboxRecord { depends: Some(needed), ..outgoing(5, 50) }, &relays())?;
        let young = tx.enqueue(&outgoing(6, 500), &relays())?;
        for (id, state) in
            [(done, OutboxState::Done), (failed, OutboxState::Failed), (needed, OutboxState::Done), (young, OutboxState::Cancelled)]
        {
            tx.set_outbox_state(id, state, None, "")?;
        }
        assert_eq!(tx.prune_outbox(100)?, 1);
        assert_eq!(tx.outbox(done)?, None);
        for kept in [open, failed, needed, later, young] {
            assert!(tx.outbox(kept)?.is_some());
        }
        assert!(tx.deliveries(done)?.is_empty());
        Ok(())
    });
}

#[test]
fn the_outbox_is_bounded() {
    let (_home, database) = fresh();
    let full = wait(database.write(|tx, _| {
        for n in 0..OUTBOX_CAP as u16 {
            tx.enqueue(&outgoing(n, 1), &[])?;
        }
        tx.enqueue(&outgoing(60_000, 1), &[])
    }));
    assert!(matches!(full, Err(StoreError::Full { cap: OUTBOX_CAP, .. })));
    assert_eq!(on(&database, |tx| tx.open_count()), 0, "rolled back as a whole");
    assert!(matches!(
        wait(database.write(|tx, _| tx.record_answer(crate::OutboxId(5), A, Answer::Refused, "", 1, None))),
        Err(StoreError::NotFound(_))
    ));
}

#[test]
fn no_message_runs_far_ahead_of_one_that_no_relay_has() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let (here, elsewhere) = (tx.insert_chat(&chat(1))?, tx.insert_chat(&chat(2))?);
        let put = |n: u16, chat| tx.enqueue(&OutboxRecord { chat: Some(chat), ..outgoing(n, 50) }, &[A.into()]);
        let welcome = OutboxRecord { purpose: Purpose::Welcome, chat: Some(here), ..outgoing(300, 50) };
        // On relays that never answer: nobody waits for it.
        let welcome = tx.enqueue(&welcome, &[B.into()])?;
        tx.record_answer(welcome, B, Answer::TimedOut, "", 50, Some(1_000))?;
        let queued: Vec<_> = (0..60).map(|n| put(n, here)).collect::<Result<_, _>>()?;
        let other = put(200, elsewhere)?;
        let ready = |tx: &Tx<'_>| -> Result<Vec<i64>, StoreError> { Ok(due(tx, 50)?.into_iter().map(|(id, _)| id).collect()) };
        let window = CHAT_WINDOW as usize;
        let first: Vec<_> = queued[..window].iter().chain([&other]).map(|id| id.0).collect();
        assert_eq!(ready(tx)?, first);
        // Later ones that got through make no room: only the oldest does.
        for id in &queued[1..window] {
            tx.record_answer(*id, A, Answer::Accepted, "", 51, None)?;
        }
        assert_eq!(ready(tx)?, [queued[0].0, other.0]);
        tx.record_answer(queued[0], A, Answer::Accepted, "", 52, None)?;
        assert_eq!(ready(tx)?.len(), queued.len() - window + 1);
        Ok(())
    });
}

#[test]
fn a_relay_that_comes_back_gets_a_conversation_in_order_and_keeps_no_other_waiting() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let here = tx.insert_chat(&chat(1))?;
        let put = |n: u16| tx.enqueue(&OutboxRecord { chat: Some(here), ..outgoing(n, 50) }, &relays());
        let queued: Vec<_> = (0..120).map(put).collect::<Result<_, _>>()?;
        let window = CHAT_WINDOW as usize;
        let ready = |relay: &str, now| -> Result<Vec<_>, StoreError> {
            Ok(tx.due(now, 1_000)?.into_iter().filter(|due| due.relay == relay).map(|due| due.outbox).collect())
        };
        // One relay takes everything, in its order.
        for (sent, id) in queued.iter().enumerate() {
            assert_eq!(ready(A, 60)?.last(), queued.get(sent + window - 1).or(queued.last()));
            tx.record_answer(*id, A, Answer::Accepted, "", 60, None)?;
        }
        // The other one is away: what it had no chance to get yet is not due before what it was asked to take.
        for id in ready(B, 60)? {
            tx.record_answer(id, B, Answer::Unreachable, "", 60, Some(1_000))?;
        }
        assert_eq!((ready(B, 60)?, ready(B, 1_000)?), (vec![], queued[..window].to_vec()));
        // When it can be reached, nothing waits for longer than it may.
        assert!(tx.hurry(B, 100, 60)? && !tx.hurry(B, 100, 60)?);
        assert_eq!((ready(B, 119)?, ready(B, 120)?), (vec![], queued[..window].to_vec()));
        for id in &queued[1..window] {
            tx.record_answer(*id, B, Answer::Accepted, "", 1_000, None)?;
        }
        assert_eq!(ready(B, 1_000)?, queued[..1]);
        // One that it refuses again and again holds up the others for so long only.
        for _ in 2..REFUSALS_AWAITED {
            tx.record_answer(queued[0], B, Answer::Refused, "error: not now", 1_000, Some(2_000))?;
            assert_eq!(ready(B, 1_000)?, []);
        }
        tx.record_answer(queued[0], B, Answer::Refused, "error: not now", 1_000, Some(2_000))?;
        assert_eq!(ready(B, 1_000)?, queued[window..2 * window]);
        assert!(!tx.hurry(B, 1_000, 0)?, "it was not out of reach when it refused");
        Ok(())
    });
}

#[test]
fn a_cancelled_event_is_not_due_and_not_among_the_deliveries_of_its_message() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let chat = tx.insert_chat(&chat(1))?;
        let id = tx.insert_message(&message(chat, 1, 10))?.unwrap();
        let old = tx.enqueue(&OutboxRecord { chat: Some(chat), message: Some(id), ..outgoing(1, 50) }, &relays())?;
        tx.cancel(old, Cancellation::SealedAnew)?;
        assert_eq!((due(tx, 60)?, tx.next_due(0)?), (vec![], None));
        // An answer that was on its way changes nothing.
        let standing = tx.record_answer(old, A, Answer::TimedOut, "", 60, Some(90))?;
        assert_eq!((standing.state, standing.changed), (OutboxState::Cancelled, false));
        assert_eq!(due(tx, 90)?, []);
        let new = tx.enqueue(&OutboxRecord { chat: Some(chat), message: Some(id), ..outgoing(2, 70) }, &relays())?;
        assert_eq!(tx.deliveries_of_message(id)?, tx.deliveries(new)?);
        Ok(())
    });
}

#[test]
fn what_a_relay_took_and_has_not_is_due_again_and_everywhere_where_nobody_has_it() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let chat = tx.insert_chat(&chat(1))?;
        let id = tx.enqueue(&OutboxRecord { chat: Some(chat), ..outgoing(1, 50) }, &relays())?;
        tx.record_answer(id, A, Answer::Accepted, "", 60, None)?;
        tx.record_answer(id, B, Answer::Refused, "blocked", 70, None)?;
        let taken = |from, to| tx.outbox_taken(from, to, 9);
        assert_eq!(taken(60, 60)?, [(id, event(1), A.to_owned(), 60)]);
        assert_eq!((taken(61, 99)?, taken(0, 59)?), (vec![], vec![]));
        assert_eq!(tx.due(1_000, 9)?, []);
        assert_eq!(tx.not_kept(id, A, "it has not", 100)?, 0);
        let due: Vec<String> = tx.due(100, 9)?.into_iter().map(|due| due.relay).collect();
        assert_eq!(due, [A, B], "the one that had refused is asked again, too");
        assert_eq!(taken(0, 99)?, []);

        tx.record_answer(id, B, Answer::Accepted, "", 110, None)?;
        tx.record_answer(id, A, Answer::Accepted, "", 110, None)?;
        assert_eq!(tx.not_kept(id, A, "it has not", 120)?, 1);
        let due: Vec<String> = tx.due(120, 9)?.into_iter().map(|due| due.relay).collect();
        assert_eq!(due, [A], "another one has it");

        assert_eq!(tx.not_kept(id, B, "it has not", 130)?, 0);
        assert_eq!(tx.record_answer(id, A, Answer::Refused, "blocked", 140, None)?.state, OutboxState::Done);
        let refused = tx.record_answer(id, B, Answer::Refused, "blocked", 140, None)?;
        assert_eq!((refused.state, refused.changed), (OutboxState::Failed, true), "nobody has it, and nobody takes it");
        Ok(())
    });
}

#[test]
fn what_came_out_late_is_found_by_its_epoch_and_its_last_acceptance() {
    let (_home, database) = fresh();
    on(&database, |tx| {
        let chat = tx.insert_chat(&chat(1))?;
        let put = |n: u16, epoch: u64, mine: bool| -> Result<_, StoreError> {
            let row = MessageRecord { epoch: Epoch(epoch), mine, ..message(chat, n, 10) };
            let id = tx.insert_message(&row)?.unwrap();
            tx.enqueue(&OutboxRecord { purpose: Purpose::Message, chat: Some(chat), message: Some(id), ..outgoing(n, 50) }, &relays())
        };
        let sent = [put(1, 3, true)?, put(2, 4, true)?, put(3, 5, true)?, put(4, 4, true)?, put(5, 4, false)?];
        for id in sent {
            tx.record_answer(id, A, Answer::Accepted, "", 100, None)?;
        }
        // One that every relay had long before, one that a relay had before another, and one that none has.
        let early = put(6, 4, true)?;
        let twice = put(7, 4, true)?;
        tx.record_answer(early, A, Answer::Accepted, "", 60, None)?;
        tx.record_answer(early, B, Answer::Accepted, "", 70, None)?;
        tx.record_answer(twice, A, Answer::Accepted, "", 60, None)?;
        tx.record_answer(twice, B, Answer::Accepted, "", 100, None)?;
        put(8, 4, true)?;
        let late = tx.outbox_accepted_late(chat, Epoch(4), Epoch(4), 90)?;
        assert_eq!(late.iter().map(|row| row.id).collect::<Vec<_>>(), [sent[1], sent[3], twice]);
        assert_eq!(tx.outbox_accepted_late(chat, Epoch(3), Epoch(5), 101)?, []);
        Ok(())
    });
}
