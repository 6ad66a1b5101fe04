//! The wall clock of this test program, which a test can fix.
//!
//! OpenMLS reads the system clock for the lifetimes of key packages and offers no other way; the recordings would expire after 84 days.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

static FIXED: AtomicI64 = AtomicI64::new(0);
static TURN: Mutex<()> = Mutex::new(());

/// While it lives, the wall clock of the whole process stands still; tests take turns.
pub struct FixedClock(#[allow(dead_code, reason = "held for its lock")] MutexGuard<'static, ()>);

impl FixedClock {
    /// Stops the clock at `at`, Unix seconds.
    pub fn at(at: i64) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        FIXED.store(at, Ordering::SeqCst);
        Self(turn)
    }
}

impl Drop for FixedClock {
    fn drop(&mut self) {
        FIXED.store(0, Ordering::SeqCst);
    }
}

/// Takes the place of the C library's function for this executable.
///
/// # Safety
/// `time` is null or points to a `timespec`, as the C library's contract says.
#[cfg(target_os = "linux")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
    // SAFETY: the arguments are handed on as they came.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) } as libc::c_int;
    let fixed = FIXED.load(Ordering::SeqCst);
    if result == 0 && clock == libc::CLOCK_REALTIME && fixed != 0 {
        // SAFETY: the system call succeeded, so `time` is valid.
        unsafe { (*time).tv_sec = fixed };
    }
    result
}
