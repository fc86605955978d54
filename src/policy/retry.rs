//! When a failed job is tried again.

use std::time::Duration;

use crate::model::Retry;

/// The base delay where any retry option is set but not the delay itself.
pub const DEFAULT_DELAY: Duration = Duration::from_secs(60);

/// The longest delay there is, a year: doubling must not reach the end of time.
pub const LONGEST_DELAY: Duration = Duration::from_secs(366 * 24 * 3600);

/// The delay, counted from the failure, until the attempt after `attempts`; `None` when they are used up.
///
/// With no option set it is `2^attempts` minutes. With any set it is `delay * 2^(attempts-1)`, at most
/// `delay_max`, times `0.5 + jitter / 2`; without backoff it is constant and has no jitter.
/// `jitter` is a random number from 0 to 1.
#[must_use]
pub fn delay(retry: &Retry, attempts: i32, max_attempts: i32, jitter: f64) -> Option<Duration> {
    if attempts >= max_attempts {
        return None;
    }
    if *retry == Retry::default() {
        return Some(doubled(Duration::from_secs(60), attempts).min(LONGEST_DELAY));
    }
    let base = retry.delay.unwrap_or(DEFAULT_DELAY);
    let most = retry.delay_max.unwrap_or(LONGEST_DELAY);
    if retry.backoff == Some(false) {
        return Some(base.min(most));
    }
    let grown = doubled(base, attempts.saturating_sub(1)).min(most).min(LONGEST_DELAY);
    Some(grown.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0))
}

fn doubled(base: Duration, times: i32) -> Duration {
    let factor = 1_u32.checked_shl(times.max(0).unsigned_abs()).unwrap_or(u32::MAX);
    base.checked_mul(factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_options_the_delay_is_two_to_the_attempts_minutes() {
        let minutes: Vec<_> = (1..5).map(|n| delay(&Retry::default(), n, 9, 0.3).map(|d| d.as_secs() / 60)).collect();
        assert_eq!(minutes, [Some(2), Some(4), Some(8), Some(16)]);
    }

    #[test]
    fn constant_backoff_has_no_jitter() {
        let retry = Retry { delay: Some(Duration::from_millis(1500)), backoff: Some(false), delay_max: None };
        assert_eq!(delay(&retry, 3, 9, 0.1), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn a_spent_job_is_not_retried() {
        assert_eq!(delay(&Retry::default(), 3, 3, 0.0), None);
    }

    #[test]
    fn a_maximum_alone_brings_the_default_base() {
        let retry = Retry { delay_max: Some(Duration::from_secs(90)), ..Retry::default() };
        assert_eq!(delay(&retry, 1, 9, 1.0), Some(Duration::from_secs(60)));
        assert_eq!(delay(&retry, 2, 9, 1.0), Some(Duration::from_secs(90)));
    }

    proptest! {
        #[test]
        fn backoff_stays_between_half_and_the_whole_of_its_bound(
            base in 1_u64..100_000, most in 1_u64..1_000_000, attempts in 1_i32..60, jitter in 0.0_f64..=1.0,
        ) {
            let retry = Retry {
                delay: Some(Duration::from_millis(base)), backoff: Some(true), delay_max: Some(Duration::from_millis(most)),
            };
            let got = delay(&retry, attempts, 100, jitter).unwrap();
            let bound = Duration::from_millis(base).saturating_mul(1 << (attempts - 1).min(30)).min(Duration::from_millis(most));
            prop_assert!(got <= bound && got >= bound / 2);
        }
    }
}
