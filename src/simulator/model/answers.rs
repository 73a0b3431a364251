//! Switches for everything that the documentation leaves open: what is assumed, and what else the cloud may do.
//!
//! Each switch is an enum whose first variant is the assumed answer ([`Answers::default`]). A test that wants to know
//! whether something depends on an assumption turns one switch ([`Answers::choose`]) or rolls them all
//! ([`Answers::variant`]).

use serde::{Deserialize, Serialize};

use super::random::Random;

/// One open question and its possible answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Field of [`Answers`], as configuration files write it.
    pub name: &'static str,
    /// The question.
    pub question: &'static str,
    /// Name of each answer, as configuration files write it, and what it means; the first is the assumed one.
    pub variants: &'static [(&'static str, &'static str)],
}

macro_rules! answers {
    ($($field:ident $wire:literal : $kind:ident = $question:literal {
        $first:ident $first_wire:literal = $first_text:literal $(, $variant:ident $variant_wire:literal = $text:literal)+ $(,)?
    })+) => {
        $(
            #[doc = $question]
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
            pub enum $kind {
                #[doc = $first_text]
                #[default]
                #[serde(rename = $first_wire)]
                $first,
                $(
                    #[doc = $text]
                    #[serde(rename = $variant_wire)]
                    $variant,
                )+
            }

            impl $kind {
                /// Every answer, the assumed one first.
                pub const ALL: &'static [Self] = &[Self::$first $(, Self::$variant)+];
            }
        )+

        /// One answer to each open question; the default is what the documentation makes most plausible.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Answers {
            $(
                #[doc = $question]
                #[serde(rename = $wire)]
                pub $field: $kind,
            )+
        }

        impl Answers {
            /// The questions, in the order of the fields.
            pub const DIMENSIONS: &'static [Dimension] = &[$(
                Dimension {
                    name: $wire,
                    question: $question,
                    variants: &[($first_wire, $first_text) $(, ($variant_wire, $text))+],
                },
            )+];

            /// Sets the answer of one dimension by its index; false when there is no such dimension or answer.
            pub fn choose(&mut self, dimension: usize, variant: usize) -> bool {
                let mut index = 0;
                $(
                    if index == dimension {
                        return $kind::ALL.get(variant).map(|answer| self.$field = *answer).is_some();
                    }
                    index += 1;
                )+
                let _ = index;
                false
            }

            /// Index of the answer in force, in each dimension.
            pub fn chosen(&self) -> Vec<usize> {
                vec![$($kind::ALL.iter().position(|answer| *answer == self.$field).unwrap_or_default(),)+]
            }
        }
    };
}

impl Answers {
    /// How many open questions there are.
    pub fn dimensions() -> usize {
        Self::DIMENSIONS.len()
    }

    /// Picks an answer to each question by `seed`.
    pub fn variant(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut answers = Self::default();
        for (index, dimension) in Self::DIMENSIONS.iter().enumerate() {
            let count = dimension.variants.len() as u64;
            answers.choose(index, random.below(count) as usize);
        }
        answers
    }

    /// The default with one answer changed, for every answer that is not the default.
    pub fn singles() -> impl Iterator<Item = (&'static Dimension, &'static str, Self)> {
        Self::DIMENSIONS.iter().enumerate().flat_map(|(index, dimension)| {
            dimension.variants.iter().enumerate().skip(1).map(move |(variant, (name, _))| {
                let mut answers = Self::default();
                answers.choose(index, variant);
                (dimension, *name, answers)
            })
        })
    }
}

mod table;

pub use table::*;
