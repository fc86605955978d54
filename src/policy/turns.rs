//! Which places of a claim are whose, where groups take turns.
//!
//! Every fourth place of a type is for the job that has been due for longest, whatever its priority and with a group or without one: so
//! nothing waits without end. The others go from group to group, and where groups have no jobs left, to the others in their order.

use super::limits::check_name;
use crate::error::{Error, Result};
use crate::model::Turns;

/// Each so many places of a type, one is for the job that has been due for longest.
pub const EVERY: i64 = 4;
/// Among the jobs of so many priorities it is looked for in one claim; where jobs of more are due, the next claim goes on behind these.
pub const RANKS: usize = 64;
/// The most jobs that a group gets in a turn.
const MOST: u32 = 1_000;

/// Checks what a processor says of turns.
///
/// # Errors
/// [`Error::Invalid`] that names the tier and what is allowed.
pub fn check(turns: &Turns) -> Result<()> {
    for (tier, weight) in &turns.weights {
        check_name("a tier of fair", tier)?;
        if !(1..=MOST).contains(weight) {
            return Err(Error::Invalid(format!(
                "fair[{tier:?}] is {weight}: it must be 1 to {MOST}, the jobs that a group of that tier gets in a turn"
            )));
        }
    }
    Ok(())
}

/// How many of `count` places are for those that have been due for longest, behind so many places.
#[must_use]
pub fn oldest_of(places: i64, count: i64) -> i64 {
    (places.rem_euclid(EVERY) + count) / EVERY
}

/// The place, from 1 on, of one of those that have been due for longest, counted from 0.
#[must_use]
pub fn place_of_oldest(places: i64, number: i64) -> i64 {
    EVERY * (number + 1) - places.rem_euclid(EVERY)
}

/// The place, from 1 on, of one of the others, counted from 0.
#[must_use]
pub fn place_of_other(places: i64, number: i64) -> i64 {
    number + 1 + (number + places.rem_euclid(EVERY)) / (EVERY - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_given_once_and_every_fourth_to_the_oldest() {
        for before in 0..9 {
            for count in 0..30 {
                let oldest = oldest_of(before, count);
                let mut places: Vec<_> = (0..oldest).map(|number| place_of_oldest(before, number)).collect();
                assert!(places.iter().all(|place| (before + place) % EVERY == 0));
                places.extend((0..count - oldest).map(|number| place_of_other(before, number)));
                places.sort_unstable();
                assert_eq!(places, (1..=count).collect::<Vec<_>>(), "{count} behind {before}");
            }
        }
    }

    #[test]
    fn weights_out_of_bounds_are_refused_by_name() {
        let turns = |weight| Turns { weights: [("gold".to_owned(), weight)].into() };
        assert!(check(&turns(1)).is_ok() && check(&turns(1_000)).is_ok() && check(&Turns::default()).is_ok());
        for weight in [0, 1_001] {
            assert!(check(&turns(weight)).unwrap_err().to_string().contains("fair[\"gold\"]"));
        }
        assert!(check(&Turns { weights: [(String::new(), 1)].into() }).is_err());
    }
}
