//! How long something takes, on a machine that may be doing other things too.
//! It never decides what is measured.

use std::time::Instant;

/// How long something took, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// Of the processor, all threads together; waiting for a disk is not in it. Where the system does not say: [`Took::wall`].
    pub cpu: f64,
    /// On the clock.
    pub wall: f64,
}

/// Runs `f`; also answers how long it took.
pub fn timed<T>(f: impl FnOnce() -> T) -> (T, Took) {
    let (before, cpu_before) = (Instant::now(), cpu());
    let value = f();
    let wall = before.elapsed().as_secs_f64() * 1e6;
    let cpu = match (cpu_before, cpu()) {
        (Some(before), Some(after)) => after - before,
        _ => wall,
    };
    (value, Took { cpu, wall })
}

#[cfg(unix)]
fn cpu() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3)
}

#[cfg(not(unix))]
fn cpu() -> Option<f64> {
    None
}

/// What something costs when nothing else gets in the way: the lower fifth of the samples. What it is compared with is taken the same way.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds a sample, in microseconds.
    pub fn add(&mut self, micros: f64) {
        self.0.push(micros);
    }

    /// The lower fifth; 0 without samples.
    pub fn calm(&self) -> f64 {
        self.percentile(20)
    }

    /// What so many of a hundred samples stay below; 0 without samples.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() * percent / 100).copied().unwrap_or(0.0)
    }
}

/// Calls `f` in `rounds` rounds of `times` calls; answers the calm cost of one call in microseconds of the processor.
///
/// # Errors
/// Those of `f`.
pub fn each<T>(rounds: usize, times: usize, mut f: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<f64> {
    let mut samples = Samples::default();
    for _ in 0..rounds {
        let (outcome, took) = timed(|| (0..times).try_for_each(|_| f().map(|value| drop(std::hint::black_box(value)))));
        outcome?;
        samples.add(took.cpu / times as f64);
    }
    Ok(samples.calm())
}
