//! The rows of the table, how they are printed, and how two runs are compared.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// One measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Number of pairs, or the name of a scenario.
    pub case: String,
    /// What was measured.
    pub measure: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: String,
    /// How much it may be.
    pub budget: Option<f64>,
    /// Whether more is better.
    #[serde(default)]
    pub at_least: bool,
    /// Whether missing the budget fails the bench. Times are printed only.
    pub checked: bool,
}

impl Row {
    /// Whether the budget is held; nothing where there is none.
    pub fn held(&self) -> Option<bool> {
        let budget = self.budget?;
        Some(if self.at_least { self.value >= budget } else { self.value <= budget })
    }
}

/// All that a run has found out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// When it began, RFC 3339.
    pub date: String,
    /// What it ran on.
    pub machine: String,
    /// What was scaled, and other things to know.
    pub notes: Vec<String>,
    /// The measurements.
    pub rows: Vec<Row>,
}

impl Report {
    /// Adds a row and prints it, so that a long run shows where it is.
    pub fn add(&mut self, row: Row) {
        println!("{}", line(&row));
        self.rows.push(row);
    }

    /// A count or an amount that has to stay within its budget.
    pub fn check(&mut self, case: &str, measure: &str, value: f64, unit: &str, budget: f64) {
        self.add(row(case, measure, value, unit, Some(budget), true));
    }

    /// A time beside what it should be.
    pub fn time(&mut self, case: &str, measure: &str, value: f64, unit: &str, budget: Option<f64>) {
        self.add(row(case, measure, value, unit, budget, false));
    }

    /// Something worth knowing without a budget.
    pub fn tell(&mut self, case: &str, measure: &str, value: f64, unit: &str) {
        self.add(row(case, measure, value, unit, None, false));
    }

    /// Says something about how it was measured.
    pub fn note(&mut self, text: String) {
        println!("  {text}");
        self.notes.push(text);
    }

    /// Rows that missed a budget that counts.
    pub fn missed(&self) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.checked && row.held() == Some(false)).collect()
    }

    /// The table in Markdown.
    pub fn table(&self) -> String {
        let mut out = String::from("| N | measure | value | budget | |\n| --- | --- | ---: | ---: | --- |\n");
        for row in &self.rows {
            let Row { case, measure, unit, .. } = row;
            let _ =
                writeln!(out, "| {case} | {measure} | {} {unit} | {} | {} |", number(row.value), bound(row), word(row));
        }
        out
    }

    /// What differs from an earlier run, in per cent of the earlier value.
    pub fn differences(&self, earlier: &Self) -> String {
        let mut out = format!("Compared with the run of {} on {}:\n", earlier.date, earlier.machine);
        for row in &self.rows {
            let Some(old) = earlier.rows.iter().find(|old| old.case == row.case && old.measure == row.measure) else {
                let _ = writeln!(out, "{} (new)", line(row));
                continue;
            };
            let change = if old.value == 0.0 { row.value - old.value } else { (row.value / old.value - 1.0) * 100.0 };
            let unit = if old.value == 0.0 { "" } else { " %" };
            let _ = writeln!(out, "{}   was {} ({change:+.1}{unit})", line(row), number(old.value));
        }
        let gone = earlier
            .rows
            .iter()
            .filter(|old| !self.rows.iter().any(|row| row.case == old.case && row.measure == old.measure));
        for old in gone {
            let _ = writeln!(out, "{} (not measured this time)", line(old));
        }
        out
    }
}

fn row(case: &str, measure: &str, value: f64, unit: &str, budget: Option<f64>, checked: bool) -> Row {
    let (case, measure, unit) = (case.to_owned(), measure.to_owned(), unit.to_owned());
    Row { case, measure, value, unit, budget, at_least: false, checked }
}

fn line(row: &Row) -> String {
    let value = format!("{} {}", number(row.value), row.unit);
    format!("{:>9}  {:<58} {value:>16}   {:<12} {}", row.case, row.measure, bound(row), word(row))
}

fn bound(row: &Row) -> String {
    match (row.budget, row.at_least) {
        (None, _) => String::new(),
        (Some(budget), true) => format!(">= {}", number(budget)),
        (Some(budget), false) => format!("<= {}", number(budget)),
    }
}

fn word(row: &Row) -> &'static str {
    match (row.held(), row.checked) {
        (None, _) => "",
        (Some(true), _) => "held",
        (Some(false), true) => "MISSED",
        (Some(false), false) => "missed (a time)",
    }
}

fn number(value: f64) -> String {
    if value.fract().abs() < 0.005 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// The value below which so many per cent of the values are; 0 without values.
pub fn percentile(values: &mut [f64], per_cent: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * per_cent / 100.0).ceil() as usize;
    values.get(rank.saturating_sub(1).min(values.len().saturating_sub(1))).copied().unwrap_or(0.0)
}
