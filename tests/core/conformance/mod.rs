//! What every driver must do, written once. A file tests one verb of the [`dataqueue::storage::Storage`] trait, and
//! lists its tests at the top; `suite!` makes them tests of one driver.

pub mod add;
pub mod bulk;
pub mod cancelling;
pub mod change;
pub mod claim;
pub mod edit;
pub mod errors;
pub mod events;
pub mod find;
pub mod firing;
pub mod keys;
pub mod leases;
pub mod look;
pub mod migrate;
pub mod notes;
pub mod pages;
pub mod payloads;
pub mod prune;
pub mod race;
pub mod random;
pub mod receive;
pub mod reopening;
pub mod schedules;
pub mod settle;
pub mod steps;
pub mod stuck;
pub mod successors;
pub mod tokens;
pub mod waits;
pub mod wake;
pub mod watch;

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
        $crate::conformance::suite!(@modules $driver: add bulk cancelling change claim edit errors events find firing keys
            leases look migrate notes pages payloads prune race random receive schedules settle steps stuck successors tokens
            waits wake watch);
    };
    (@modules $driver:ty: $($module:ident)*) => {
        $(mod $module { $crate::conformance::$module::each!($driver); })*
    };
}
pub(crate) use suite;
