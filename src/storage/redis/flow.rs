//! Limits, rates and pauses.

use std::time::Duration;

use redis::Cmd;
use rmpv::Value as Packed;

use super::RedisStorage;
use super::find::pack;
use super::upkeep::micros;
use crate::error::Result;
use crate::model::{GroupLimits, GroupRates, Limits, Pace, Scope};

/// How many ready jobs one step looks at.
const INDEXED: u32 = 1_000;

impl RedisStorage {
    pub(super) async fn declare_limits(&self, limits: &Limits) -> Result<()> {
        if !limits.sets_any() && !limits.turns && !self.is_limited().await? {
            return Ok(());
        }
        let groups = limits.groups.as_ref();
        self.call::<i64>(&self.scripts.set_limits, |call| {
            call.arg(i32::from(groups.is_some())).arg(groups.map(described).unwrap_or_default());
            call.arg(i32::from(limits.turns));
            let rates = limits.group_rates.as_ref();
            call.arg(i32::from(rates.is_some())).arg(rates.map(described_rates).unwrap_or_default());
            limits.types.iter().fold(call, |call, (job_type, of_type)| {
                let call = call.arg(job_type).arg(of_type.max_running.map(|most| most.to_string()).unwrap_or_default());
                match &of_type.rate {
                    Some(rate) => call.arg(&rate.key).arg(rate.most).arg(micros(rate.per)),
                    None => call.arg("").arg("").arg(""),
                }
            })
        })
        .await?;
        self.index_turns().await?;
        self.hub.bump();
        Ok(())
    }

    /// Lets what was ready before turns were kept stand in turn, as far as that was not done.
    async fn index_turns(&self) -> Result<()> {
        while self.call::<i64>(&self.scripts.index_turns, |call| call.arg(INDEXED)).await? > 0 {}
        Ok(())
    }

    async fn is_limited(&self) -> Result<bool> {
        let mut count = Cmd::new();
        count.arg("HLEN").arg(self.keys.named("settings"));
        Ok(self.run::<i64>(&count).await? > 0)
    }

    pub(super) async fn set_pause(&self, scope: &Scope, paused: bool) -> Result<bool> {
        let (what, name) = match scope {
            Scope::All => ("all", ""),
            Scope::Type(name) => ("type", name.as_str()),
            Scope::Group(name) => ("group", name.as_str()),
        };
        let changed: i64 =
            self.call(&self.scripts.pause, |call| call.arg(i32::from(paused)).arg(what).arg(name)).await?;
        if changed > 0 {
            self.hub.bump();
        }
        Ok(changed > 0)
    }

    pub(super) async fn read_pauses(&self) -> Result<Vec<Scope>> {
        let answer: Vec<String> = self.call(&self.scripts.paused, |call| call).await?;
        let mut values = answer.into_iter();
        let mut scopes = Vec::new();
        while let (Some(kind), Some(name)) = (values.next(), values.next()) {
            scopes.push(match kind.as_str() {
                "type" => Scope::Type(name),
                "group" => Scope::Group(name),
                _ => Scope::All,
            });
        }
        scopes.sort();
        Ok(scopes)
    }

    pub(super) async fn hold_type(&self, job_type: &str, span: Duration) -> Result<()> {
        self.call::<i64>(&self.scripts.hold, |call| call.arg(job_type).arg(micros(span))).await.map(drop)
    }

    pub(super) async fn sweep_limits(&self) -> Result<()> {
        if !self.is_limited().await? {
            return Ok(());
        }
        self.call::<i64>(&self.scripts.tend_limits, |call| call).await?;
        self.index_turns().await
    }
}

/// The limits of groups as the scripts read them; empty where there is none.
fn described(groups: &GroupLimits) -> Vec<u8> {
    if groups.is_empty() {
        return Vec::new();
    }
    let tiers = groups.tiers.iter().map(|(tier, most)| (tier.as_str().into(), (*most).into())).collect();
    let mut map: Vec<(Packed, Packed)> = vec![("tiers".into(), Packed::Map(tiers))];
    map.extend(groups.most.map(|most| ("most".into(), most.into())));
    pack(Packed::Map(map))
}

/// The rates of groups in the same way.
fn described_rates(rates: &GroupRates) -> Vec<u8> {
    if rates.is_empty() {
        return Vec::new();
    }
    let pace = |pace: &Pace| Packed::Array(vec![pace.most.into(), micros(pace.per).into()]);
    let tiers = rates.tiers.iter().map(|(tier, of_tier)| (tier.as_str().into(), pace(of_tier))).collect();
    let mut map: Vec<(Packed, Packed)> = vec![("tiers".into(), Packed::Map(tiers))];
    map.extend(rates.others.as_ref().map(|others| ("others".into(), pace(others))));
    pack(Packed::Map(map))
}
