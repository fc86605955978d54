//! The plans of the drivers' statements: each uses the indexes that its file names, and none reads a whole table.

mod crowd;
mod postgres;
mod reads;
mod sqlite;
mod tree;
mod walks;

use std::collections::BTreeSet;

use crate::architecture::sources;

/// The names of indexes in a comment.
fn indexes_in(comment: &str) -> BTreeSet<String> {
    let words = comment.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("idx_") || word.ends_with("_pkey")).map(str::to_owned).collect()
}

/// The comments that a driver's query files begin with, by the names of the files.
fn comments(driver: &str) -> Vec<(String, String)> {
    sources(&format!("src/storage/{driver}/queries"), "sql")
        .into_iter()
        .map(|(file, text)| {
            let comment: Vec<_> = text.lines().take_while(|line| line.starts_with("--")).collect();
            (file.file_name().unwrap().to_string_lossy().into_owned(), comment.join("\n"))
        })
        .collect()
}
