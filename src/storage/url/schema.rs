//! Which schema holds the tables.

use super::given::Given;
use super::refuse;
use crate::error::Result;

/// The longest identifier of PostgreSQL, in bytes.
const LONGEST_NAME: usize = 63;

/// The schema: `schema`, else the first entry of `search_path`, alone or inside `options`, else `public`.
pub(super) fn read(given: &Given) -> Result<String> {
    let in_options = given.text("options").and_then(|options| settings(options).find_map(search_path));
    let schema = match (given.text("schema"), given.text("search_path")) {
        (Some(schema), _) => schema.to_owned(),
        (None, Some(path)) => first_entry(path),
        (None, None) => in_options.map_or_else(|| "public".to_owned(), |path| first_entry(&path)),
    };
    if schema.len() > LONGEST_NAME {
        return Err(refuse(format!(
            "the schema's name has {} bytes: at most {LONGEST_NAME} are allowed",
            schema.len()
        )));
    }
    if schema.starts_with("pg_") {
        return Err(refuse("the schema's name begins with `pg_`, which PostgreSQL keeps for itself: choose another"));
    }
    Ok(schema)
}

/// The `options` start-up parameter, which PgBouncer refuses: there only a search path may stand in it, which the
/// schema has taken up.
pub(super) fn options(given: &Given, pgbouncer: bool) -> Result<Option<String>> {
    let Some(options) = given.text("options") else { return Ok(None) };
    if !pgbouncer {
        return Ok(Some(options.to_owned()));
    }
    if settings(options).all(|setting| search_path(setting).is_some()) {
        return Ok(None);
    }
    Err(refuse(
        "`options` cannot be sent through PgBouncer: remove it and set these parameters on the role, or remove `pgbouncer`",
    ))
}

/// The first schema of a search path that is not `$user`: unquoted names are in lower case for PostgreSQL.
fn first_entry(path: &str) -> String {
    let mut rest = path.trim_start();
    while !rest.is_empty() {
        let (entry, after) = if let Some(quoted) = rest.strip_prefix('"') {
            split_quoted(quoted)
        } else {
            let (entry, after) = rest.split_once(',').unwrap_or((rest, ""));
            (entry.trim_end().to_lowercase(), after)
        };
        if !entry.is_empty() && entry != "$user" {
            return entry;
        }
        rest = after.trim_start_matches(|next: char| next == ',' || next.is_whitespace());
    }
    "public".to_owned()
}

/// A quoted name, in which two quotes stand for one, and what follows it.
fn split_quoted(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '"' {
            name.push(letter);
        } else if letters.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else {
            return (name, &text[at + 1..]);
        }
    }
    (name, "")
}

/// The settings of a command line: the arguments of `-c`, with the flag taken off.
fn settings(options: &str) -> impl Iterator<Item = String> {
    let mut arguments = arguments(options).into_iter();
    std::iter::from_fn(move || {
        let argument = arguments.next()?;
        if argument == "-c" {
            return Some(arguments.next().unwrap_or_default());
        }
        let setting = argument.strip_prefix("--").or_else(|| argument.strip_prefix("-c"));
        Some(setting.map_or_else(|| argument.clone(), str::to_owned))
    })
}

fn search_path(setting: impl AsRef<str>) -> Option<String> {
    let (name, value) = setting.as_ref().split_once('=')?;
    name.trim().replace('-', "_").eq_ignore_ascii_case("search_path").then(|| value.to_owned())
}

/// Splits at white space, a backslash keeping the character after it, as the server does.
fn arguments(options: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut letters = options.chars();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_whitespace() {
            arguments.extend(current.take());
        } else {
            let kept = if letter == '\\' { letters.next() } else { Some(letter) };
            current.get_or_insert_default().extend(kept);
        }
    }
    arguments.extend(current);
    arguments
}
