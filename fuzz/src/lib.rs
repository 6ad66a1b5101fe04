//! What every libFuzzer program here does: it prepares a room and seeds, then hands each input to the target of its name.
//! Never decides anything about an input: that is the simulator's `fuzz` module.

use std::path::PathBuf;

use murmel_sim::fuzz::{KEPT_ROOM, Room, target, write_seeds};

pub use libfuzzer_sys;

/// Names the folder into which real inputs are written before the first run.
const SEEDS: &str = "MURMEL_FUZZ_SEEDS";

/// Makes the room that the environment names, unless it is there, and writes the seeds.
pub fn prepare(name: &str) {
    if let Some(folder) = std::env::var_os(KEPT_ROOM).map(PathBuf::from)
        && !folder.join("room.json").is_file()
    {
        drop(Room::create(&folder));
    }
    if let Some(folder) = std::env::var_os(SEEDS).map(PathBuf::from) {
        write_seeds(name, &folder).expect("seeds");
    }
}

/// Runs the target of this name.
pub fn run(name: &str, data: &[u8]) {
    (target(name).expect("a target").run)(data);
}

/// The whole of a libFuzzer program.
#[macro_export]
macro_rules! entry {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(init: $crate::prepare($name), |data: &[u8]| $crate::run($name, data));
    };
}
