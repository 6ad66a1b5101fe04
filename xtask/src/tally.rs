//! How many checks and tests passed and failed, read from what the runners report.
//! Never counts a part that reported nothing as passed.

use std::fmt;

/// Passed and failed, of one part or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Checks and tests that passed.
    pub passed: u64,
    /// Checks and tests that failed.
    pub failed: u64,
}

impl Tally {
    /// A check without tests of its own.
    pub fn of_check(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed) }
    }

    /// Adds another part.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// What a runner counted, together with how it ended: one that ended badly without a failed test (it did not compile,
    /// or crashed) has one failure, and so has one that ended well and ran nothing.
    pub fn of_runner(counted: Self, ended_well: bool) -> Self {
        let silent = counted == Self::default();
        if counted.failed == 0 && (!ended_well || silent) { Self { failed: 1, ..counted } } else { counted }
    }

    /// Adds the counts of a `test result: ok. 3 passed; 0 failed; …` line; other lines count nothing.
    pub fn see_cargo_test(&mut self, line: &str) {
        let Some(rest) = line.trim().strip_prefix("test result:") else {
            return;
        };
        for part in rest.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }

    /// The counts of vitest's JSON report.
    pub fn of_vitest(report: &str) -> Option<Self> {
        let report: serde_json::Value = serde_json::from_str(report).ok()?;
        let mut tally = Self { passed: report.get("numPassedTests")?.as_u64()?, failed: report.get("numFailedTests")?.as_u64()? };
        // A file that does not even load has no failed test, only a failed suite.
        if tally.failed == 0 {
            tally.failed = report.get("numFailedTestSuites").and_then(serde_json::Value::as_u64).unwrap_or(0);
        }
        Some(tally)
    }

    /// The counts of the window tests' report, `{"passed": n, "failed": n}`.
    pub fn of_window(report: &str) -> Option<Self> {
        let report: serde_json::Value = serde_json::from_str(report).ok()?;
        Some(Self { passed: report.get("passed")?.as_u64()?, failed: report.get("failed")?.as_u64()? })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64) -> Tally {
        Tally { passed, failed }
    }

    #[test]
    fn the_result_lines_of_cargo_test_add_up() {
        let mut sum = Tally::default();
        for line in [
            "running 3 tests",
            "test a_sentence ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.42s",
            "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "7 passed; 7 failed",
        ] {
            sum.see_cargo_test(line);
        }
        assert_eq!(sum, tally(15, 2));
    }

    #[test]
    fn a_runner_that_ended_badly_without_a_failed_test_has_one_failure() {
        assert_eq!(Tally::of_runner(tally(5, 0), false), tally(5, 1));
        assert_eq!(Tally::of_runner(tally(5, 2), false), tally(5, 2));
        assert_eq!(Tally::of_runner(tally(5, 0), true), tally(5, 0));
    }

    #[test]
    fn a_runner_that_ran_nothing_has_one_failure() {
        assert_eq!(Tally::of_runner(Tally::default(), true), tally(0, 1));
    }

    #[test]
    fn vitests_report_is_read() {
        assert_eq!(Tally::of_vitest(r#"{"numTotalTests":9,"numPassedTests":8,"numFailedTests":1,"success":false}"#), Some(tally(8, 1)));
        assert_eq!(Tally::of_vitest(r#"{"numPassedTests":8,"numFailedTests":0,"numFailedTestSuites":1}"#), Some(tally(8, 1)));
        assert_eq!(Tally::of_vitest("not json"), None);
    }

    #[test]
    fn the_window_tests_report_is_read() {
        assert_eq!(Tally::of_window(r#"{"passed":4,"failed":0}"#), Some(tally(4, 0)));
        assert_eq!(Tally::of_window(r#"{"passed":4}"#), None);
    }

    #[test]
    fn the_last_line_has_its_exact_form() {
        assert_eq!(tally(12, 3).to_string(), "12 passed, 3 failed");
    }
}
