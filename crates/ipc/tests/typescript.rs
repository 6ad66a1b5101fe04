//! Keeps the window's types equal to ours.

use std::path::Path;

#[test]
fn the_typescript_types_are_fresh() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/ipc/generated.ts");
    let fresh = murmel_ipc::typescript();
    if std::env::var_os("MURMEL_UPDATE").is_some() {
        std::fs::write(&file, &fresh).expect("ui/src/ipc/ can be written");
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(stored, fresh, "run `MURMEL_UPDATE=1 cargo test -p murmel-ipc` and commit the file");
}
