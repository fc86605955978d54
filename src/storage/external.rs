//! Adding jobs on a connection of the caller's.

use crate::model::JobId;

/// Adding jobs on a connection of the caller's.
///
/// Both statements hold the text `{param}` once, where the client library's placeholder for the one text
/// parameter goes, and no other character that a client library would read as a placeholder. They are run for one of
/// `parts` after the other: the server bounds a document, and the caller's library holds it in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalAdd {
    /// Adds the jobs of a part and returns rows `(position bigint, id bigint)`, without those whose key was taken.
    pub insert: String,
    /// Finds the jobs that hold the keys of a part: rows `(position bigint, id bigint)`. To be run if `insert`
    /// left any out.
    pub lookup: String,
    /// The jobs, in order: how many, and these as a JSON document, the parameter of both.
    pub parts: Vec<(usize, String)>,
    /// Where jobs are to wait for others, a statement to be run first, of whose rows the second value is the id of a job that
    /// exists, and the ids that it is to find, its parameter as a JSON array.
    pub prerequisites: Option<(String, Vec<JobId>)>,
}
