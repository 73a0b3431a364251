//! One replica: its world, its watch cache, its agenda and the passes under way.

use std::collections::{BTreeMap, BTreeSet};

use dli_operator::core::{Effect, Input, Millis, Object, ObjectKey, OperatorState, Pass, Settings};

use crate::faults::FaultKind;

/// When to look at which object, each once.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    by_key: BTreeMap<ObjectKey, Millis>,
    by_time: BTreeSet<(Millis, ObjectKey)>,
}

impl Agenda {
    /// Looks at `key` at `at`, or earlier if that was meant already.
    pub fn add(&mut self, key: &ObjectKey, at: Millis) {
        match self.by_key.get(key) {
            Some(old) if *old <= at => {}
            old => {
                if let Some(old) = old {
                    self.by_time.remove(&(*old, key.clone()));
                }
                self.by_key.insert(key.clone(), at);
                self.by_time.insert((at, key.clone()));
            }
        }
    }

    /// The `n`-th of those that are due and not busy.
    pub fn take(&mut self, now: Millis, n: usize, busy: impl Fn(&ObjectKey) -> bool) -> Option<ObjectKey> {
        let due = self.by_time.iter().take_while(|(at, _)| *at <= now).filter(|(_, key)| !busy(key));
        let found = match n {
            0 => due.into_iter().next(),
            n => {
                let all: Vec<_> = due.take(8).collect();
                all.get(n % all.len().max(1)).copied()
            }
        };
        let (at, key) = found?.clone();
        self.by_key.remove(&key);
        self.by_time.remove(&(at, key.clone()));
        Some(key)
    }

    /// The first moment at which something is due that is not busy.
    pub fn next(&self, busy: impl Fn(&ObjectKey) -> bool) -> Option<Millis> {
        self.by_time.iter().find(|(_, key)| !busy(key)).map(|(at, _)| *at)
    }
}

/// Where a pass stands between two steps.
#[derive(Clone, Debug)]
pub enum Stage {
    /// It is told something next.
    Told(Input),
    /// It has asked for this; nothing was done yet.
    Asks(Box<Effect>),
    /// What it asked for reaches the other side at `applies`, and it is told at `told`.
    Flies { effect: Box<Effect>, fault: Option<FaultKind>, applies: Millis, told: Millis },
    /// What it asked for has happened, and it is told at this moment.
    Comes { told: Millis, input: Input },
}

#[derive(Clone, Debug)]
pub struct Running {
    pub pass: Pass,
    pub stage: Stage,
}

/// One replica of the operator.
#[derive(Clone, Debug)]
pub struct Replica {
    pub cluster: usize,
    pub world: OperatorState,
    pub cache: BTreeMap<ObjectKey, Object>,
    pub agenda: Agenda,
    /// Changes on their way to the watch cache, by the moment they come.
    pub coming: BTreeMap<(Millis, u64), (ObjectKey, Option<Object>)>,
    pub running: Vec<Running>,
    /// How many passes it works on at a time.
    pub slots: usize,
    /// When it began to run.
    pub began: Millis,
    pub leads_until: Option<Millis>,
    pub mutate_from: Millis,
    /// It neither runs nor renews before this moment.
    pub paused_until: Millis,
    /// The credentials that it last saw.
    pub last_secret: Option<u64>,
    /// Last version of what has gone from the cache.
    pub gone: BTreeMap<ObjectKey, u64>,
    /// How far its wall clock is off.
    pub wall_offset: i64,
    /// It was asked to stop.
    pub stopping: bool,
    pub dead: bool,
}

impl Replica {
    pub fn new(cluster: usize, settings: Settings, slots: usize, start: Millis, mutate_from: Millis) -> Self {
        Self {
            cluster,
            world: OperatorState::new(settings),
            cache: BTreeMap::new(),
            agenda: Agenda::default(),
            coming: BTreeMap::new(),
            running: Vec::new(),
            slots,
            began: start,
            leads_until: None,
            mutate_from,
            paused_until: start,
            last_secret: None,
            gone: BTreeMap::new(),
            wall_offset: 0,
            stopping: false,
            dead: false,
        }
    }

    pub fn busy(&self, key: &ObjectKey) -> bool {
        self.running.iter().any(|r| r.pass.key() == key)
    }

    /// The first moment at which it has something to do.
    pub fn next(&self) -> Option<Millis> {
        let mut next: Option<Millis> = None;
        let mut at = |moment: Millis| next = Some(next.map_or(moment, |n| n.min(moment)));
        for running in &self.running {
            match &running.stage {
                Stage::Told(_) | Stage::Asks(_) => at(0),
                Stage::Flies { applies, .. } => at(*applies),
                Stage::Comes { told, .. } => at(*told),
            }
        }
        if let Some(((moment, _), _)) = self.coming.first_key_value() {
            at(*moment);
        }
        if self.running.len() < self.slots
            && !self.stopping
            && let Some(moment) = self.agenda.next(|key| self.busy(key))
        {
            at(moment);
        }
        next.map(|n| n.max(self.paused_until))
    }
}
