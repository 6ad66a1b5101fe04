//! The rows of the report: what was measured, what it is compared with, and whether that meets its target.
//! It measures nothing.

use std::io::Write as _;

use serde::Serialize;

/// One line of the report, and one object of the JSON list.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was measured: words separated by slashes, `n=` names the size of the group.
    pub name: String,
    /// In `unit`.
    pub value: f64,
    /// `µs`, `ms`, `×`, `bytes` or `rows`.
    pub unit: &'static str,
    /// What it is compared with, in `unit`.
    pub limit: Option<f64>,
    /// `value` divided by `limit`.
    pub ratio: Option<f64>,
    /// The largest ratio that is wanted, or the largest value where there is no limit; `at_least` turns it around.
    pub target: Option<f64>,
    /// Whether the target is met; `None` where there is none.
    pub ok: Option<bool>,
    /// How the numbers came about, where that is not plain.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub note: &'static str,
}

/// The report so far.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// A number on its own.
    pub fn fact(&mut self, name: impl Into<String>, value: f64, unit: &'static str, note: &'static str) {
        self.push(Row { name: name.into(), value, unit, limit: None, ratio: None, target: None, ok: None, note });
    }

    /// A number that should be at most `target`, in its own unit.
    pub fn at_most(&mut self, name: impl Into<String>, value: f64, unit: &'static str, target: f64, note: &'static str) {
        let ok = Some(value <= target);
        self.push(Row { name: name.into(), value, unit, limit: None, ratio: None, target: Some(target), ok, note });
    }

    /// A number whose ratio to `limit` should be at most `target`, where there is a target.
    pub fn against(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        limit: f64,
        target: Option<f64>,
        note: &'static str,
    ) {
        let ratio = value / limit;
        let ok = target.map(|target| ratio <= target);
        self.push(Row { name: name.into(), value, unit, limit: Some(limit), ratio: Some(ratio), target, ok, note });
    }

    /// How many times faster `value` is than `peer`; that should be at least `target`.
    pub fn faster(&mut self, name: impl Into<String>, value: f64, unit: &'static str, peer: f64, target: Option<f64>, note: &'static str) {
        let ratio = peer / value;
        let ok = target.map(|target| ratio >= target);
        self.push(Row { name: name.into(), value, unit, limit: Some(peer), ratio: Some(ratio), target, ok, note });
    }

    fn push(&mut self, row: Row) {
        let mut out = std::io::stdout().lock();
        // A closed terminal stops no measurement.
        let _ = writeln!(out, "{}", line(&row));
        let _ = out.flush();
        self.rows.push(row);
    }

    /// How many rows missed their target.
    pub fn missed(&self) -> usize {
        self.rows.iter().filter(|row| row.ok == Some(false)).count()
    }

    /// All rows as JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&self.rows)
    }
}

/// The heading of the columns.
pub fn heading() -> String {
    format!("{:<52} {:>12} {:<5} {:>12} {:>8} {:>8}  ok", "name", "value", "unit", "limit", "ratio", "target")
}

fn line(row: &Row) -> String {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
    let ok = match row.ok {
        Some(true) => "yes",
        Some(false) => "MISSED",
        None => "",
    };
    let Row { name, value, unit, limit, ratio, target, note, .. } = row;
    let note = if note.is_empty() { String::new() } else { format!("  ({note})") };
    format!("{name:<52} {value:>12.2} {unit:<5} {:>12} {:>8} {:>8}  {ok}{note}", number(*limit), number(*ratio), number(*target))
}
