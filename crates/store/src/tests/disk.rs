use std::fs;

use rusqlite::Connection;

use crate::tests::kit::{self, Home, KEY, fresh, on, wait};
use crate::{Database, DatabaseKey, SCHEMA, StoreError};

#[test]
fn what_was_committed_is_there_after_reopening_without_a_close() {
    let (home, database) = fresh();
    on(&database, |tx| tx.put_setting("theme", "dark"));
    drop(database);
    assert_eq!(on(&home.open(), |tx| tx.setting("theme")).as_deref(), Some("dark"));
}

#[test]
fn a_copy_taken_while_the_file_is_open_opens_as_after_a_kill() {
    let (home, database) = fresh();
    on(&database, |tx| tx.put_setting("theme", "dark"));
    // What a killed process leaves: the file and its log as they are, no checkpoint, no close.
    let left = Home::new();
    fs::create_dir_all(left.path.parent().unwrap()).unwrap();
    fs::copy(&home.path, &left.path).unwrap();
    fs::copy(home.path.with_extension("db-wal"), left.path.with_extension("db-wal")).unwrap();

    // Even a try with a wrong key costs nothing of what is in the log.
    assert!(matches!(left.try_open([8; 32]), Err(StoreError::WrongKey)));
    let reopened = left.open();
    assert_eq!(on(&reopened, |tx| tx.setting("theme")).as_deref(), Some("dark"));
    assert!(on(&reopened, |tx| tx.is_sound()));
}

#[test]
fn a_wrong_key_is_named_and_leaves_the_file_untouched() {
    let (home, database) = fresh();
    on(&database, |tx| tx.put_setting("theme", "dark"));
    wait(database.close());
    let before = fs::read(&home.path).unwrap();
    assert!(matches!(home.try_open([8; 32]), Err(StoreError::WrongKey)));
    assert_eq!(fs::read(&home.path).unwrap(), before);
    assert_eq!(on(&home.open(), |tx| tx.setting("theme")).as_deref(), Some("dark"));
}

#[test]
fn an_emptied_cut_or_foreign_file_is_never_overwritten() {
    let (home, database) = fresh();
    wait(database.close());
    let whole = fs::read(&home.path).unwrap();

    let mut broken = whole.clone();
    broken[100] ^= 1;
    let plain = home.folder.path().join("plain.db");
    Connection::open(&plain).unwrap().execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1;").unwrap();
    let cases = [Vec::new(), whole[..300].to_vec(), whole[..1024].to_vec(), broken, vec![0; 8192], fs::read(plain).unwrap()];
    for (n, bytes) in cases.into_iter().enumerate() {
        fs::write(&home.path, &bytes).unwrap();
        let opened = home.try_open(KEY);
        assert!(matches!(opened, Err(StoreError::Damaged | StoreError::WrongKey)), "case {n}: {:?}", opened.err());
        let created = wait(Database::create(&home.path, DatabaseKey::new(KEY), ()));
        assert!(matches!(created, Err(StoreError::Exists)), "case {n}");
        assert_eq!(fs::read(&home.path).unwrap(), bytes, "case {n}");
    }
}

#[test]
fn a_missing_file_is_missing_and_stays_missing() {
    let home = Home::new();
    assert!(matches!(home.try_open(KEY), Err(StoreError::Missing)));
    assert!(!home.path.exists());
}

#[test]
fn a_lost_file_beside_its_log_is_not_created_over() {
    let (home, database) = fresh();
    wait(database.close());
    fs::rename(&home.path, home.path.with_extension("moved")).unwrap();
    fs::write(home.path.with_extension("db-wal"), b"a log").unwrap();
    assert!(matches!(wait(Database::create(&home.path, DatabaseKey::new(KEY), ())), Err(StoreError::Exists)));
    assert!(matches!(home.try_open(KEY), Err(StoreError::Missing)));
}

#[test]
fn a_creation_that_was_cut_short_can_be_repeated() {
    let home = Home::new();
    fs::create_dir_all(home.path.parent().unwrap()).unwrap();
    fs::write(home.path.with_extension("db.new"), b"half a database").unwrap();
    let database = home.create();
    assert!(!home.path.with_extension("db.new").exists());
    assert!(on(&database, |tx| tx.is_sound()));
}

#[test]
fn a_newer_format_is_refused_with_both_numbers() {
    let (home, database) = fresh();
    on(&database, |tx| Ok(tx.connection().pragma_update(None, "user_version", SCHEMA + 4)?));
    wait(database.close());
    let before = fs::read(&home.path).unwrap();
    assert!(matches!(home.try_open(KEY), Err(StoreError::NewerSchema { found, known }) if found == SCHEMA + 4 && known == SCHEMA));
    assert_eq!(fs::read(&home.path).unwrap(), before);
}

#[test]
fn a_second_opening_is_busy_until_the_first_is_closed() {
    let (home, database) = fresh();
    assert!(matches!(home.try_open(KEY), Err(StoreError::Busy)));
    wait(database.close());
    home.open();
}

#[test]
#[cfg(unix)]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (home, database) = fresh();
    on(&database, |tx| tx.put_setting("theme", "dark"));
    let mut seen = 0;
    for entry in fs::read_dir(home.path.parent().unwrap()).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
        seen += 1;
    }
    assert!(seen >= 2, "the file and its log");
    assert_eq!(mode(home.path.parent().unwrap()), 0o700);

    // Somebody loosened it: the next opening takes that back.
    wait(database.close());
    fs::set_permissions(&home.path, fs::Permissions::from_mode(0o644)).unwrap();
    let _database = home.open();
    assert_eq!(mode(&home.path), 0o600);
}

#[test]
fn no_plaintext_on_disk() {
    let (home, database) = fresh();
    let marker = "MARKER-8f1c";
    on(&database, move |tx| {
        tx.put_setting("name", marker)?;
        let chat = tx.insert_chat(&crate::ChatRecord { name: marker.into(), ..kit::chat(1) })?;
        tx.insert_message(&crate::MessageRecord { content: marker.repeat(500), ..kit::message(chat, 1, 10) })?;
        tx.enqueue(&crate::OutboxRecord { event: marker.repeat(500).into_bytes(), ..kit::outgoing(1, 5) }, &[marker.into()])?;
        Ok(())
    });
    let look = |home: &Home| {
        for entry in fs::read_dir(home.path.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.is_empty());
            assert!(!bytes.windows(marker.len()).any(|window| window == marker.as_bytes()), "{}", path.display());
            assert!(!bytes.windows(15).any(|window| window == b"SQLite format 3"), "{}", path.display());
        }
    };
    look(&home);
    wait(database.close());
    look(&home);
}

#[test]
fn the_settings_of_the_connection_are_the_safe_ones() {
    let (_home, database) = fresh();
    let found = on(&database, |tx| {
        let ask = |name: &str| tx.connection().query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0));
        Ok((
            [ask("synchronous")?, ask("foreign_keys")?, ask("secure_delete")?, ask("temp_store")?],
            [ask("journal_mode")?, ask("locking_mode")?],
        ))
    });
    assert_eq!(found.0, [2, 1, 1, 2].map(rusqlite::types::Value::Integer));
    assert_eq!(found.1, ["wal", "exclusive"].map(|word| rusqlite::types::Value::Text(word.into())));
}

#[test]
fn every_table_of_ours_is_strict() {
    let (_home, database) = fresh();
    let tables = on(&database, |tx| {
        tx.many("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
        })
    });
    let (strict, loose): (Vec<_>, Vec<_>) = tables.into_iter().partition(|(_, strict)| *strict);
    assert!(
        loose.iter().all(|(name, _)| name.starts_with("openmls_")
            || name.starts_with("sqlite_")
            || name.starts_with("vc_")
            || name == "registered_vc_emulation_epochs"),
        "{loose:?}"
    );
    let strict: Vec<_> = strict.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        strict,
        [
            "account",
            "chats",
            "choices",
            "contacts",
            "cursors",
            "deferred",
            "drafts",
            "epochs",
            "given_up",
            "key_packages",
            "list_versions",
            "members",
            "mentions",
            "message_ids",
            "messages",
            "outbox",
            "outbox_relays",
            "own_profiles",
            "pairs",
            "pending",
            "people",
            "processed",
            "progress",
            "races",
            "requests",
            "seen",
            "settings",
            "shared_values",
            "snapshot_encryption_keys",
            "snapshot_epoch_keys",
            "snapshot_group_data",
            "snapshot_leaf_nodes",
            "snapshot_proposals",
            "snapshot_values",
            "snapshots",
            "tips",
            "witnesses",
        ]
    );
}

#[test]
fn a_key_never_shows_itself() {
    assert_eq!(format!("{:?}", DatabaseKey::new([0x41; 32])), "DatabaseKey(…)");
}
