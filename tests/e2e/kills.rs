//! The operator is killed at random moments while queues and connections are made, bound, edited and deleted. In the end
//! there is exactly what the objects ask for: nothing leaked, nothing doubled, nothing stuck.
//!
//! The seed is printed; `E2E_SEED=... cargo test --test e2e kills` makes the same choices (the machine's timing stays its
//! own).

use std::{collections::BTreeMap, env, thread, time::Duration};

use serde_json::json;

use crate::{
    lab::{Lab, Options, connection, entries, queue},
    processes::text,
};

const KILLS: usize = 10;
const PAIRS: u64 = 10;

/// splitmix64
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

fn bound(name: u64, target: u64) -> String {
    connection(&format!("c{name}"), &format!(", queues: [{{ref: {{name: q{target}}}}}]"))
}

#[test]
fn killed_at_random_moments_nothing_is_leaked_doubled_or_stuck() {
    let seed = env::var("E2E_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        now.as_nanos() as u64
    });
    println!("E2E_SEED={seed}");
    let mut dice = Dice(seed);
    let mut lab = Lab::with("kills", &Options { short_lease: true, ..Options::default() });
    // Names need not be unique, so that a second create call would make a second one.
    lab.cloud.configure(&json!({"answers": {"connectionNames": "free"}}));

    // Connections that are asked for, with their queue; queues are never deleted before the end.
    let mut wanted: BTreeMap<u64, u64> = BTreeMap::new();
    let mut queues = 0;
    for round in 0..KILLS {
        // A few changes, then a moment, then the axe.
        for _ in 0..3 {
            match dice.roll(6) {
                0..=2 if queues < PAIRS => {
                    lab.apply(&(queue(&format!("q{queues}"), "") + &bound(queues, queues)));
                    wanted.insert(queues, queues);
                    queues += 1;
                }
                3 | 4 if !wanted.is_empty() => {
                    let name = pick(&wanted, &mut dice);
                    let target = dice.roll(queues);
                    let patch = json!({"spec": {"queues": [{"ref": {"name": format!("q{target}")}}]}});
                    lab.patch("dlic", &format!("c{name}"), &patch);
                    wanted.insert(name, target);
                }
                5 if wanted.len() > 2 => {
                    let name = pick(&wanted, &mut dice);
                    lab.delete("dlic", &format!("c{name}"));
                    wanted.remove(&name);
                }
                _ => {}
            }
        }
        if round == KILLS - 1 {
            // What is left comes all at once.
            while queues < PAIRS {
                lab.apply(&(queue(&format!("q{queues}"), "") + &bound(queues, queues)));
                wanted.insert(queues, queues);
                queues += 1;
            }
        }
        // Most of the time it is in the middle of its work: it may change the cloud 1.7 s after it began to lead.
        if dice.roll(5) > 0 {
            lab.operator().says("leading");
        }
        thread::sleep(Duration::from_millis(dice.roll(2_500)));
        lab.operator().kill();
        lab.start_operator();
    }

    for (name, target) in &wanted {
        lab.ready("dlic", &format!("c{name}"));
        // Ready is one thing, what is there another.
        let real = lab.cloud.connection(&format!("c{name}")).unwrap();
        assert_eq!(entries(&real), [(format!("q{target}"), "ACTIVE".to_owned())], "c{name}");
    }
    for name in 0..queues {
        lab.ready("dliq", &format!("q{name}"));
    }
    lab.until_true("the deleted ones are gone", || lab.list("dlic").len() == wanted.len());
    let (real_queues, real_connections) = lab.cloud.names();
    assert_eq!(real_queues, (0..queues).map(|n| format!("q{n}")).collect::<Vec<_>>());
    assert_eq!(real_connections, wanted.keys().map(|n| format!("c{n}")).collect::<Vec<_>>());

    // All of it goes, with one more kill on the way.
    for object in lab.list("dlic") {
        lab.delete("dlic", &text(&object["metadata"]["name"]));
    }
    for object in lab.list("dliq") {
        lab.delete("dliq", &text(&object["metadata"]["name"]));
    }
    thread::sleep(Duration::from_millis(dice.roll(300)));
    lab.operator().kill();
    lab.start_operator();
    lab.until_true("all objects are gone", || lab.list("dlic").is_empty() && lab.list("dliq").is_empty());
    assert!(lab.cloud.is_empty(), "{:?}", lab.cloud.names());
}

fn pick(wanted: &BTreeMap<u64, u64>, dice: &mut Dice) -> u64 {
    let names: Vec<u64> = wanted.keys().copied().collect();
    names[dice.roll(names.len() as u64) as usize]
}
