//! Bugs of the protocol that were really shipped somewhere, or that stood in this one until the search found them. Each
//! is a change of one place; `ON` in it is true while that mutant is hunted. They are filed by the promise that they break first.

mod doubled;
mod leaked;
mod restless;
mod taken;
mod untrue;

/// A bug to plant.
pub struct Mutant {
    /// What the operator would do.
    pub name: &'static str,
    /// File below `src`.
    pub file: &'static str,
    /// What stands there, exactly once.
    pub find: &'static str,
    /// What takes its place.
    pub replace: &'static str,
    /// What found it the last time: the scenario, with its vector of answers if that is not the assumed one (`bind 3`); the
    /// random schedule, with its telling (`random 7/2`); or the faults (`bind 3 17:Html,40:Paused`). The hunt
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
    Mutant { name, file, find, replace, found_by }
}

/// All of them.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    [doubled::MUTANTS, taken::MUTANTS, leaked::MUTANTS, untrue::MUTANTS, restless::MUTANTS].into_iter().flatten()
}
