//! What keeps jobs from running although they are due: limits, rates and pauses.

use std::collections::BTreeMap;
use std::time::Duration;

/// How many jobs of a key may start within a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The types that name the same key share the rate.
    pub key: String,
    /// So many may start; at least 1.
    pub most: u32,
    /// Within any span of this length.
    pub per: Duration,
}

/// The limits of one type, for all workers together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TypeLimits {
    /// At most so many jobs of it run at a time.
    pub max_running: Option<u32>,
    /// At most so many start within a span of time.
    pub rate: Option<Rate>,
}

impl TypeLimits {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How many jobs of a group run at a time, over all workers and types.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupLimits {
    /// Of a group without a tier, or of a tier that is not named; `None` is without limit.
    pub most: Option<u32>,
    /// Of the groups of a tier.
    pub tiers: BTreeMap<String, u32>,
}

impl GroupLimits {
    /// The limit of a group of this tier.
    #[must_use]
    pub fn of(&self, tier: Option<&str>) -> Option<u32> {
        tier.and_then(|tier| self.tiers.get(tier).copied()).or(self.most)
    }

    /// Whether no group has a limit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How the groups of a type take turns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turns {
    /// How many jobs a group of a tier gets in a turn; one where its tier is not named.
    pub weights: BTreeMap<String, u32>,
}

impl Turns {
    /// How many jobs a group of this tier gets in a turn.
    #[must_use]
    pub fn weight(&self, tier: Option<&str>) -> u32 {
        tier.and_then(|tier| self.weights.get(tier).copied()).unwrap_or(1).max(1)
    }
}

/// How many jobs may start within a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// So many may start; at least 1.
    pub most: u32,
    /// Within any span of this length.
    pub per: Duration,
}

/// How many jobs of a group start within a span of time, over all workers and types.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupRates {
    /// Of a group without a tier, or of a tier that is not named; `None` is without limit.
    pub others: Option<Pace>,
    /// Of the groups of a tier.
    pub tiers: BTreeMap<String, Pace>,
}

impl GroupRates {
    /// The rate of a group of this tier.
    #[must_use]
    pub fn of(&self, tier: Option<&str>) -> Option<Pace> {
        tier.and_then(|tier| self.tiers.get(tier).copied()).or(self.others)
    }

    /// Whether no group has a rate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a processor says about its jobs. The processor that was started last is the one that counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// The limits of each type that it has a handler for; none takes away those that another processor set.
    pub types: BTreeMap<String, TypeLimits>,
    /// The limits of groups; `None` leaves those that another processor set.
    pub groups: Option<GroupLimits>,
    /// The rates of groups; `None` leaves those that another processor set.
    pub group_rates: Option<GroupRates>,
    /// Whether groups take turns in its claims. Where another processor began with that, it stays so.
    pub turns: bool,
}

impl Limits {
    /// Whether it sets any limit.
    #[must_use]
    pub fn sets_any(&self) -> bool {
        self.types.values().any(|limits| !limits.is_empty())
            || self.groups.as_ref().is_some_and(|groups| !groups.is_empty())
            || self.group_rates.as_ref().is_some_and(|rates| !rates.is_empty())
    }
}

/// What can be paused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every job.
    All,
    /// The jobs of a type.
    Type(String),
    /// The jobs of a group.
    Group(String),
}
