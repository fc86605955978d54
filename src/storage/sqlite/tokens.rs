//! Tokens: what handlers wait for until somebody completes it.

use std::time::Duration;

use bytes::Bytes;
use rusqlite::OptionalExtension;

use super::enqueue::json_list;
use super::fault::Outcome;
use super::rows;
use super::session::Session;
use super::statements as sql;
use super::waits;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::model::{Awaited, NewToken, Token, TokenStatus, distinct};

/// Stores a token; a repeat answers the one that is there.
pub(super) fn create(session: &Session<'_>, new: &NewToken) -> Outcome<Token> {
    let timeout_at = new.timeout.map(|span| session.now.plus(span).as_micros());
    let tags = json_list(&distinct(&new.tags))?;
    session.run(sql::ADD_TOKEN, (&new.id, new.job_id, timeout_at, session.micros(), tags))?;
    Ok(get(session, &new.id)?.ok_or_else(|| Error::Internal("a token that was stored is not there".into()))?)
}

/// A token, as it is now.
pub(super) fn get(session: &Session<'_>, id: &str) -> Outcome<Option<Token>> {
    let mut statement = session.conn.prepare_cached(sql::GET_TOKEN)?;
    let token = statement.query_row([id], rows::token).optional()?;
    Ok(token.map(|token| as_of(token, session.now)))
}

/// A token whose time is up has timed out, whether or not that was written down yet.
pub(super) fn as_of(mut token: Token, now: Timestamp) -> Token {
    if token.status == TokenStatus::Waiting && token.timeout_at.is_some_and(|at| at <= now) {
        token.status = TokenStatus::TimedOut;
    }
    token
}

/// Completes a token and resumes who waits for it; `None` where there is none.
pub(super) fn complete(session: &mut Session<'_>, id: &str, output: Option<&Bytes>) -> Outcome<Option<bool>> {
    let Some(token) = get(session, id)? else { return Ok(None) };
    if token.status != TokenStatus::Waiting {
        return Ok(Some(false));
    }
    let text = output.map(|output| String::from_utf8_lossy(output));
    session.run(sql::COMPLETE_TOKEN, (id, text, session.micros()))?;
    waits::resume(session, &Awaited::Token(id.to_owned()))?;
    Ok(Some(true))
}

/// Marks tokens whose time is up.
pub(super) fn expire(session: &Session<'_>, limit: u32) -> Outcome<u64> {
    Ok(session.run(sql::EXPIRE_TOKENS, (session.micros(), limit))? as u64)
}

/// Deletes tokens of no job that were over for long.
pub(super) fn prune(session: &Session<'_>, older_than: Duration, limit: u32) -> Outcome<u64> {
    let cutoff: Timestamp = session.now.minus(older_than);
    Ok(session.run(sql::PRUNE_TOKENS, (cutoff.as_micros(), limit))? as u64)
}
