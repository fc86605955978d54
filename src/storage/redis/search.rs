//! Looking through jobs.

use rmpv::Value as Packed;

use super::RedisStorage;
use super::faults::damaged;
use super::find::{pack, packed, read_id};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::{JobId, Search, Searched};
use crate::policy::search::{folded, kept};

/// How many jobs one step looks at, at most.
const STEP: u64 = 500;

impl RedisStorage {
    pub(super) async fn search_jobs(&self, search: &Search) -> Result<Searched> {
        let (filter, asked) = (packed(&search.filter), described(search));
        let (mut found, mut ids, mut cursor) = (Searched::default(), Vec::new(), search.before);
        loop {
            let left = u64::from(search.looks).saturating_sub(found.looked_at);
            let wanted = (search.limit as usize).saturating_sub(ids.len());
            if left == 0 || wanted == 0 {
                break;
            }
            let from = cursor.map(|id| id.to_string()).unwrap_or_default();
            let answer: Vec<String> = self
                .call(&self.scripts.search, |call| {
                    call.arg(&filter).arg(&asked).arg(from).arg(left.min(STEP)).arg(wanted)
                })
                .await?;
            let [next, looked_at, added, matches @ ..] = answer.as_slice() else {
                return Err(damaged("a search without an answer"));
            };
            found.looked_at += looked_at.parse::<u64>().map_err(|_| damaged("a search without a number"))?;
            let added = added.parse().ok().map(Timestamp::from_micros);
            found.oldest_looked_at = added.or(found.oldest_looked_at);
            for id in matches {
                ids.push(read_id(id)?);
            }
            let next: Option<JobId> = (!next.is_empty()).then(|| read_id(next)).transpose()?;
            // Only ever downwards, so that it ends whatever a server answers.
            cursor = next.filter(|next| cursor.is_none_or(|before| *next < before));
            if cursor.is_none() {
                break;
            }
        }
        found.next = cursor.filter(|_| found.looked_at > 0);
        found.jobs = kept(self.get_jobs(&ids).await?, search);
        Ok(found)
    }
}

/// What is asked for besides the filter, as the script reads it.
fn described(search: &Search) -> Vec<u8> {
    let mut map: Vec<(Packed, Packed)> = Vec::new();
    let mut put = |name: &str, value: Option<Packed>| map.extend(value.map(|value| (name.into(), value)));
    let micros = |at: Option<Timestamp>| at.map(|at| at.as_micros().into());
    let created_at = &search.created_at;
    put("gt", micros(created_at.gt));
    put("gte", micros(created_at.gte));
    put("lt", micros(created_at.lt));
    put("lte", micros(created_at.lte));
    put("eq", micros(created_at.eq));
    put("group", search.group.as_deref().map(Packed::from));
    put("lettered", search.dead_lettered.map(Packed::from));
    put("text", search.text.as_deref().map(|text| folded(text).into()));
    put("error", search.error.as_deref().map(|text| folded(text).into()));
    pack(Packed::Map(map))
}
