use std::error::Error as _;

use crate::tests::kit::{Home, fresh, on, wait};
use crate::{Database, DatabaseKey, Rollback, StoreError};

#[test]
fn a_failed_transaction_leaves_nothing_and_tells_the_state() {
    let (home, database) = fresh();
    let failed: Result<(), StoreError> = wait(database.write(|tx, _| {
        tx.put_setting("theme", "dark")?;
        Err(StoreError::NotFound("it"))
    }));
    assert!(matches!(failed, Err(StoreError::NotFound("it"))));
    assert_eq!(home.rollbacks(), 1);
    assert_eq!(on(&database, |tx| tx.setting("theme")), None);
    assert_eq!(home.rollbacks(), 1);
}

#[test]
fn a_panic_rolls_back_and_the_thread_goes_on() {
    let (home, database) = fresh();
    let failed: Result<(), StoreError> = wait(database.write(|tx, _| {
        tx.put_setting("theme", "dark")?;
        panic!("planned");
    }));
    assert!(matches!(failed, Err(StoreError::Panicked)));
    assert_eq!(home.rollbacks(), 1);
    assert_eq!(on(&database, |tx| tx.setting("theme")), None);

    let failed: Result<(), StoreError> = wait(database.read(|_, _| panic!("planned")));
    assert!(matches!(failed, Err(StoreError::Panicked)));
    assert_eq!(home.rollbacks(), 2);
}

#[test]
fn a_read_that_writes_is_refused_and_undone() {
    let (home, database) = fresh();
    let failed: Result<(), StoreError> = wait(database.read(|tx, _| tx.put_setting("theme", "dark")));
    assert!(matches!(failed, Err(StoreError::ReadOnly)));
    assert_eq!(home.rollbacks(), 1);
    let value: Option<String> = wait(database.read(|tx, _| tx.setting("theme"))).unwrap();
    assert_eq!(value, None);
    assert_eq!(home.rollbacks(), 1);
}

#[test]
fn a_constraint_that_fails_at_commit_is_a_rollback_too() {
    let (home, database) = fresh();
    let failed: Result<(), StoreError> = wait(database.write(|tx, _| {
        tx.connection().execute_batch("PRAGMA defer_foreign_keys = ON")?;
        tx.connection().execute("INSERT INTO members (chat, public_key) VALUES (99, x'00')", [])?;
        Ok(())
    }));
    let failed = failed.unwrap_err();
    assert!(matches!(failed, StoreError::Statement(_)));
    assert!(failed.source().is_some());
    assert_eq!(home.rollbacks(), 1);
    assert!(on(&database, |tx| tx.is_sound()));
}

#[test]
fn the_state_is_lent_to_every_transaction() {
    struct Sum(u64);
    impl Rollback for Sum {
        fn rolled_back(&mut self) {
            self.0 = 0;
        }
    }
    let home = Home::new();
    let database = wait(Database::create(&home.path, DatabaseKey::new([1; 32]), Sum(0))).unwrap();
    for n in 1..=3 {
        wait(database.write(move |_, sum: &mut Sum| {
            sum.0 += n;
            Ok::<_, StoreError>(())
        }))
        .unwrap();
    }
    assert_eq!(wait(database.read(|_, sum| Ok::<_, StoreError>(sum.0))).unwrap(), 6);
    wait(database.write(|_, _| Err::<(), _>(StoreError::Busy))).unwrap_err();
    assert_eq!(wait(database.read(|_, sum| Ok::<_, StoreError>(sum.0))).unwrap(), 0);
}

#[test]
fn a_transaction_takes_place_though_nobody_waits_for_it() {
    let (_home, database) = fresh();
    let mut write = Box::pin(database.write(|tx, _| tx.put_setting("theme", "dark")));
    let waker = std::task::Waker::noop();
    // Polled once, then dropped.
    drop(write.as_mut().poll(&mut std::task::Context::from_waker(waker)));
    drop(write);
    assert_eq!(on(&database, |tx| tx.setting("theme")).as_deref(), Some("dark"));
}

#[test]
fn a_closed_database_says_so() {
    let (home, database) = fresh();
    let clone = database.clone();
    wait(database.close());
    wait(database.close());
    let failed: Result<(), StoreError> = wait(clone.read(|_, _| Ok(())));
    assert!(matches!(failed, Err(StoreError::Closed)));
    drop(home.open());
}

#[test]
fn a_fault_is_found_under_the_errors_that_carry_it() {
    let inner = murmel_engine::StorageFault::from(StoreError::DiskFull);
    assert!(matches!(StoreError::in_chain(&inner), Some(StoreError::DiskFull)));
    assert!(StoreError::in_chain(&std::fmt::Error).is_none());
}

#[test]
fn a_full_disk_is_named_undone_and_recovered_from() {
    let (home, database) = fresh();
    on(&database, |tx| tx.put_setting("theme", "dark"));
    let before = on(&database, |tx| tx.state_hash(&[]));
    let limit = |pages: &'static str| on(&database, move |tx| Ok(tx.connection().execute_batch(pages)?));
    limit("PRAGMA max_page_count = 1");
    let much = || database.write(|tx, _| tx.put_setting("theme", &"x".repeat(300_000)));
    assert!(matches!(wait(much()), Err(StoreError::DiskFull)));
    assert_eq!(home.rollbacks(), 1);
    assert_eq!(on(&database, |tx| tx.state_hash(&[])), before);
    assert!(on(&database, |tx| tx.is_sound()));
    limit("PRAGMA max_page_count = 4294967294");
    wait(much()).unwrap();
    assert_eq!(on(&database, |tx| tx.setting("theme")).unwrap().len(), 300_000);
}
