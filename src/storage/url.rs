//! Reads a URL and separate settings into the options of a store.
