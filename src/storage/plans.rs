//! What the tests of the drivers' plans ask for: the statements as they are sent. No part of the API.

use crate::model::{Change, Page, Search, Status};

/// A statement.
#[derive(Debug, Clone)]
pub struct Text {
    /// What the driver calls it.
    pub name: &'static str,
    /// The comments of the files it is made of.
    pub about: Vec<&'static str>,
    /// As it is sent.
    pub sql: String,
    /// The types of its parameters, where the driver names them.
    pub types: Vec<String>,
}

/// A walk through the jobs that a filter chooses.
#[derive(Debug, Clone)]
pub enum Walk {
    /// A page of them is read.
    Page(Page),
    /// They are counted.
    Count,
    /// The next of them are changed.
    Change(Change),
    /// They are looked through, whatever else the search says of its filter.
    Search(Box<Search>),
    /// Those of a status are counted, as far as so many.
    Tally(Status, u64),
}

/// The comment that says what a file's statement does and which indexes it uses; none for a piece of SQL without a file.
pub(super) fn comment(file: &'static str) -> Option<&'static str> {
    let end: usize = file.split_inclusive('\n').take_while(|line| line.starts_with("--")).map(str::len).sum();
    file.get(..end).map(str::trim_end).filter(|comment| !comment.is_empty())
}
