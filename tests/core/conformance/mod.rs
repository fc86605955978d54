//! What every driver must do, written once. A file tests one verb of the [`dataqueue::storage::Storage`] trait, and
//! lists its tests at the top; `suite!` makes them tests of one driver.

pub mod add;
pub mod bulk;
pub mod cancelling;
pub mod change;
pub mod claim;
pub mod deleting;
pub mod dependencies;
pub mod edit;
pub mod errors;
pub mod events;
pub mod fairness;
pub mod find;
pub mod firing;
pub mod flow;
pub mod following;
pub mod group_rates;
pub mod hooks;
pub mod inspecting;
pub mod keys;
pub mod leases;
pub mod letters;
pub mod look;
pub mod migrate;
pub mod notes;
pub mod overview;
pub mod pages;
pub mod pauses;
pub mod payloads;
pub mod prune;
pub mod race;
pub mod random;
pub mod rates;
pub mod receive;
pub mod reopening;
pub mod schedules;
pub mod searching;
pub mod settle;
pub mod spacing;
pub mod steps;
pub mod stream;
pub mod stuck;
pub mod successors;
pub mod terms;
pub mod tokens;
pub mod traffic;
pub mod unique;
pub mod waits;
pub mod wake;
pub mod watch;
pub mod workers;

/// Names the tests of a module, for `suite!` to run by each driver.
macro_rules! tests {
    ($module:ident: $($name:ident),* $(,)?) => {
        macro_rules! each {
            ($driver:ty) => {
                $(
                    #[test]
                    fn $name() {
                        crate::bench::run::<$driver>(crate::conformance::$module::$name);
                    }
                )*
            };
        }
        pub(crate) use each;
    };
}
pub(crate) use tests;

/// Runs all of it by one driver.
macro_rules! suite {
    ($name:ident: $driver:ty) => {
        mod $name {
            $crate::conformance::suite!(@shared $driver);
            $crate::conformance::suite!(@modules $driver: reopening);
        }
    };
    ($name:ident, in memory: $driver:ty) => {
        mod $name {
            $crate::conformance::suite!(@shared $driver);
        }
    };
    (@shared $driver:ty) => {
        $crate::conformance::suite!(@modules $driver: add bulk cancelling change claim deleting dependencies edit
            errors events fairness find firing flow following group_rates hooks inspecting keys leases letters look
            migrate notes overview pages pauses payloads prune race random rates receive schedules searching settle
            spacing steps stream stuck successors terms tokens traffic unique waits wake watch workers);
    };
    (@modules $driver:ty: $($module:ident)*) => {
        $(mod $module { $crate::conformance::$module::each!($driver); })*
    };
}
pub(crate) use suite;
