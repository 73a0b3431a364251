//! Bugs that other operators have shipped, or that this one had until the simulation found them. Each changes one place;
//! `ON` in it is true while that mutant is active. They are sorted by the invariant that they break first.

mod duplicates;
mod false_status;
mod foreign;
mod leaks;
mod never_settles;

/// Where a mutant is.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// In this file below `src`.
    File(&'static str),
    /// After the line `// mutant: MARKER`, which occurs once below `src`. Several mutants may share it.
    #[allow(dead_code)]
    Marker(&'static str),
}

/// A bug to plant.
pub struct Mutant {
    /// What the operator would do.
    pub name: &'static str,
    /// Where it is.
    pub anchor: Anchor,
    /// The text there, exactly once in the file or in the 12 lines after the marker.
    pub find: &'static str,
    /// What takes its place.
    pub replace: &'static str,
    /// What found it the last time: the scenario, with its vector of answers if that is not the assumed one (`bind 3`); the
    /// random schedule, with its latency seed (`random 7/2`); or the faults (`bind 3 17:Html,40:Paused`). The hunt
    /// begins there. Where that does not find it any more, it is hunted everywhere, but for such faults.
    pub found_by: &'static str,
}

const fn m(
    name: &'static str,
    file: &'static str,
    find: &'static str,
    replace: &'static str,
    found_by: &'static str,
) -> Mutant {
    Mutant { name, anchor: Anchor::File(file), find, replace, found_by }
}

/// A mutant at a marker.
#[allow(dead_code)]
pub const fn at(
    name: &'static str,
    marker: &'static str,
    find: &'static str,
    replace: &'static str,
    found_by: &'static str,
) -> Mutant {
    Mutant { name, anchor: Anchor::Marker(marker), find, replace, found_by }
}

/// All of them.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    [duplicates::MUTANTS, foreign::MUTANTS, leaks::MUTANTS, false_status::MUTANTS, never_settles::MUTANTS]
        .into_iter()
        .flatten()
}
