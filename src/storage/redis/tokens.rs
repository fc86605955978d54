//! Tokens, and the jobs that wait for them.

use bytes::Bytes;

use super::RedisStorage;
use super::faults::damaged;
use super::upkeep::micros;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::{NewToken, Token, TokenQuery, TokenStatus, distinct};
use crate::storage::inspection::missing_token;

/// How many jobs a script resumes at most: after so many there may be more.
const RESUMED: u64 = 1_000;
/// How many tokens one step of a list looks at.
const STEP: u32 = 1_000;

impl RedisStorage {
    pub(super) async fn store_token(&self, new: &NewToken) -> Result<Token> {
        let job = new.job_id.map(|id| id.to_string()).unwrap_or_default();
        let timeout = new.timeout.map(|span| micros(span).to_string()).unwrap_or_default();
        let answer: Vec<Bytes> = self
            .call(&self.scripts.create_token, |call| {
                distinct(&new.tags).into_iter().fold(call.arg(&new.id).arg(job).arg(timeout), |call, tag| call.arg(tag))
            })
            .await?;
        token(&new.id, &answer)?.ok_or_else(|| damaged("a token that was stored is not there"))
    }

    pub(super) async fn find_token(&self, id: &str) -> Result<Option<Token>> {
        let answer: Vec<Bytes> = self.call(&self.scripts.get_token, |call| call.arg(id)).await?;
        token(id, &answer)
    }

    pub(super) async fn read_tokens(&self, query: &TokenQuery) -> Result<Vec<Token>> {
        let state = query.status.map_or("", |status| match status {
            TokenStatus::Waiting => "w",
            TokenStatus::Completed => "c",
            TokenStatus::TimedOut => "t",
        });
        let mut after = query.after.clone().unwrap_or_default();
        let mut tokens = Vec::new();
        while tokens.len() < query.limit as usize {
            let answer: Vec<Option<String>> =
                self.call(&self.scripts.tokens, |call| call.arg(state).arg(&after).arg(STEP)).await?;
            let mut answer = answer.into_iter();
            let Some(next) = answer.next().flatten() else { return Err(missing_token(&after)) };
            for id in answer.flatten() {
                if tokens.len() >= query.limit as usize {
                    break;
                }
                tokens.extend(self.find_token(&id).await?);
            }
            if next.is_empty() {
                break;
            }
            after = next;
        }
        Ok(tokens)
    }

    pub(super) async fn end_token(&self, id: &str, output: Option<&Bytes>) -> Result<Option<bool>> {
        let (done, mut waited): (i64, u64) = self
            .call(&self.scripts.complete_token, |call| match output {
                Some(output) => call.arg(id).arg(&output[..]),
                None => call.arg(id),
            })
            .await?;
        while waited >= RESUMED {
            waited = self.call(&self.scripts.resume, |call| call.arg(id)).await?;
        }
        Ok((done >= 0).then_some(done > 0))
    }
}

/// Reads what scripts answer of a token.
fn token(id: &str, answer: &[Bytes]) -> Result<Option<Token>> {
    let [job, state, made, times_out, completed, has_output, output, tags @ ..] = answer else { return Ok(None) };
    Ok(Some(Token {
        id: id.to_owned(),
        job_id: number(job)?,
        status: match &state[..] {
            b"w" => TokenStatus::Waiting,
            b"c" => TokenStatus::Completed,
            b"t" => TokenStatus::TimedOut,
            other => return Err(damaged(&format!("a token in the state {other:?}"))),
        },
        output: (!has_output.is_empty()).then(|| output.clone()),
        timeout_at: number(times_out)?.map(Timestamp::from_micros),
        created_at: number(made)?.map(Timestamp::from_micros).unwrap_or_default(),
        completed_at: number(completed)?.map(Timestamp::from_micros),
        tags: tags.iter().map(|tag| String::from_utf8_lossy(tag).into_owned()).collect(),
    }))
}

fn number(text: &[u8]) -> Result<Option<i64>> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    read.map(Some).ok_or_else(|| damaged(&format!("the number {:?} of a token", String::from_utf8_lossy(text))))
}
