//! Bugs that other operators have shipped, or that this one had until the simulation found them. Each changes one place;
//! `ON` in it is true while that mutant is active. They are sorted by the invariant that they break first.

mod duplicates;
mod false_status;
mod foreign;
mod leaks;
mod never_settles;

/// A bug to plant.
pub struct Mutant {
    /// What the operator would do.
    pub name: &'static str,
    /// Where it is: after the line `// mutant: MARKER`, which occurs once below `src`. Several mutants may share it.
    pub marker: &'static str,
    /// The text there, exactly once in the 12 lines after the marker.
    pub find: &'static str,
    /// What takes its place.
    pub replace: &'static str,
    /// What found it the last time: the scenario, with its vector of answers if that is not the assumed one (`bind 3`); the
    /// random schedule, with its latency seed (`random 7/2`); or the faults (`bind 3 17:Html,40:Paused`). The hunt
    /// begins there. Where that does not find it any more, it is hunted everywhere, but for such faults. `unit MODULE`: no
    /// schedule finds it, and the unit tests of that module have to. `soak`: no short hunt finds it, and only `make soak`
    /// (`MUTANTS_ALL=1`) hunts it.
    pub found_by: &'static str,
}

/// A mutant at a marker.
pub const fn at(
    name: &'static str,
    marker: &'static str,
    find: &'static str,
    replace: &'static str,
    found_by: &'static str,
) -> Mutant {
    Mutant { name, marker, find, replace, found_by }
}

/// All of them.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    [duplicates::MUTANTS, foreign::MUTANTS, leaks::MUTANTS, false_status::MUTANTS, never_settles::MUTANTS]
        .into_iter()
        .flatten()
}
