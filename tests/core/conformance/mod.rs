//! What every driver must do, written once. A file tests one verb of the [`dataqueue::storage::Storage`] trait, and
//! lists its tests at the top; `suite!` makes them tests of one driver.

pub mod add;
pub mod claim;
pub mod find;
pub mod leases;
pub mod migrate;
pub mod race;
pub mod receive;

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
            $crate::conformance::suite!(@modules $driver: add claim find leases migrate race receive);
        }
    };
    (@modules $driver:ty: $($module:ident)*) => {
        $(mod $module { $crate::conformance::$module::each!($driver); })*
    };
}
pub(crate) use suite;
