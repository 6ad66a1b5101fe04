//! The randomness and the wall clock of this program, which a seed decides.
//!
//! Libraries draw random bytes from the system: keys, nonces, the order of hash maps, which branch a `select!` looks at first. A seed that
//! is to be replayed has to decide these as well, so this program answers the C library's calls itself. Only the program that runs
//! simulations is built with it, and no key that it makes protects anything.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Unix seconds that the wall clock shows; 0 for the system's own.
static NOW: AtomicI64 = AtomicI64::new(0);

/// The state of the stream of all threads that have none of their own; 0 for the system's own randomness.
static OTHERS: AtomicU64 = AtomicU64::new(0);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

thread_local! {
    /// The state of this thread's stream.
    static STREAM: Cell<Option<u64>> = const { Cell::new(None) };
}

/// To be called first of all. OpenMLS spreads its work over a pool of threads; with one thread in it nothing depends on which is faster.
pub fn prepare() {
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var("RAYON_NUM_THREADS", "1") };
}

/// From now on all randomness of this thread, and of those that work while it waits for them, comes from `seed`.
pub fn decide(seed: u64) {
    STREAM.set(Some(seed ^ 0xa076_1d64_78bd_642f));
    OTHERS.store(seed.wrapping_mul(STEP) | 1, Ordering::SeqCst);
}

/// From now on the wall clock of this program shows `now`, Unix seconds.
pub fn set_time(now: u64) {
    NOW.store(now.cast_signed(), Ordering::SeqCst);
}

/// The next number (SplitMix64); `None` where no seed decides.
#[cfg(target_os = "linux")]
fn next() -> Option<u64> {
    let own = STREAM.try_with(|stream| {
        let state = stream.get()?.wrapping_add(STEP);
        stream.set(Some(state));
        Some(state)
    });
    let mut mixed = match own {
        Ok(Some(state)) => state,
        _ if OTHERS.load(Ordering::SeqCst) == 0 => return None,
        _ => OTHERS.fetch_add(STEP, Ordering::SeqCst),
    };
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Some(mixed ^ (mixed >> 31))
}

/// Fills `into`; `false` where no seed decides.
///
/// # Safety
/// `into` is valid for writes of `count` bytes.
#[cfg(target_os = "linux")]
unsafe fn fill(into: *mut u8, count: usize) -> bool {
    let mut done = 0;
    while done < count {
        let Some(number) = next() else { return false };
        let bytes = number.to_le_bytes();
        let part = (count - done).min(bytes.len());
        // SAFETY: `done + part` is at most `count`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), into.add(done), part) };
        done += part;
    }
    true
}

#[cfg(target_os = "linux")]
mod c_library {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{NOW, fill};

    type Word = libc::c_long;
    type Call = unsafe extern "C" fn(Word, Word, Word, Word, Word, Word, Word) -> Word;

    /// The C library's own `syscall`; 0 until it was looked up.
    static ORIGINAL: AtomicUsize = AtomicUsize::new(0);

    /// Takes the place of the C library's function for this executable.
    ///
    /// # Safety
    /// As for the C library's `getrandom`.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn getrandom(into: *mut u8, count: usize, flags: libc::c_uint) -> isize {
        // SAFETY: the caller's promise.
        if unsafe { fill(into, count) } {
            return count.cast_signed();
        }
        // SAFETY: the arguments are handed on as they came.
        unsafe { syscall(libc::SYS_getrandom, into as Word, count.cast_signed() as Word, Word::from(flags), 0, 0, 0) as isize }
    }

    /// Takes the place of the C library's function for this executable. Some libraries ask the kernel themselves.
    ///
    /// # Safety
    /// As for the C library's `syscall`. Callers see a variadic function; integers are passed to one as to any other on Linux.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn syscall(number: Word, a: Word, b: Word, c: Word, d: Word, e: Word, f: Word) -> Word {
        // SAFETY: for this number the caller promises that `a` points to `b` bytes.
        if number == libc::SYS_getrandom && unsafe { fill(a as *mut u8, b as usize) } {
            return b;
        }
        let mut original = ORIGINAL.load(Ordering::Relaxed);
        if original == 0 {
            // SAFETY: the name is a C string.
            original = unsafe { libc::dlsym(libc::RTLD_NEXT, c"syscall".as_ptr()) } as usize;
            ORIGINAL.store(original, Ordering::Relaxed);
        }
        // SAFETY: the C library has a function of this name and this shape.
        let original: Call = unsafe { std::mem::transmute::<usize, Call>(original) };
        // SAFETY: the arguments are handed on as they came.
        unsafe { original(number, a, b, c, d, e, f) }
    }

    /// Takes the place of the C library's function for this executable.
    ///
    /// # Safety
    /// `time` is null or points to a `timespec`, as the C library's contract says.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
        // SAFETY: the arguments are handed on as they came.
        let result = unsafe { syscall(libc::SYS_clock_gettime, Word::from(clock), time as Word, 0, 0, 0, 0) } as libc::c_int;
        let now = NOW.load(Ordering::SeqCst);
        if result == 0 && clock == libc::CLOCK_REALTIME && now != 0 {
            // SAFETY: the system call succeeded, so `time` is valid.
            unsafe { *time = libc::timespec { tv_sec: now, tv_nsec: 0 } };
        }
        result
    }
}
