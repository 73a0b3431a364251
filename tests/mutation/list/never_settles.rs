//! Bugs that never settle, or cost more than allowed.

use super::{Mutant, m};

pub const MUTANTS: &[Mutant] = &[
    m(
        "a version that a write found outdated is taken from the cache again (found by the simulation)",
        "core/pass.rs",
        "self.world.outdated.insert(self.key.clone(), version);",
        "if !ON { self.world.outdated.insert(self.key.clone(), version); }",
        "random 4034216/11630",
    ),
    m(
        "faults make it go round in circles: what is refused is tried again every two seconds",
        "core/world.rs",
        "Some(ErrorClass::Quota | ErrorClass::Denied | ErrorClass::Unsupported | ErrorClass::Refused) => stuck,",
        "Some(ErrorClass::Quota | ErrorClass::Denied | ErrorClass::Unsupported | ErrorClass::Refused) => if ON { 2_000 } else { stuck },",
        "handed-over",
    ),
    m(
        "every list that others need makes a queue in doubt look for itself (found by the simulation)",
        "core/queue_birth.rs",
        "match not_before(ctx, object) {",
        "match not_before(ctx, object).filter(|_| !ON) {",
        "all-vanish 38 1:ClockAhead,27:Restart",
    ),
    m(
        "of several connections that wait none looks for itself, and a DELETE that is sent again and again outdates each list (found by the simulation)",
        "core/binding.rs",
        "if newcomer || unsure.is_some_and(|at| began < at) {",
        "if newcomer || unsure.is_some_and(|at| ON || began < at) {",
        "random 1842251",
    ),
];
