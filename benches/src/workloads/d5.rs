//! D5, logs: the lines of a service.

use std::fmt::Write;

use export_core::marrow::array::{Array, TimestampArray};
use export_core::marrow::datatypes::TimeUnit;
use export_core::{Batch, Result};

use crate::columns::{Columns, Text, batches as in_batches, full, sparse};
use crate::random::{Random, Zipf};
use crate::rows::D5Row;

const ROW_BYTES: usize = 140;
const USERS: usize = 20_000;

const MODULES: [&str; 20] = [
    "http::router",
    "http::auth",
    "db::pool",
    "db::query",
    "cache::redis",
    "queue::consumer",
    "http::session",
    "billing::invoice",
    "search::index",
    "mail::outbox",
    "storage::blob",
    "db::migrate",
    "queue::producer",
    "metrics::flush",
    "tls::handshake",
    "config::reload",
    "cron::nightly",
    "search::query",
    "billing::ledger",
    "feature::flags",
];

/// `#` stands for a number of up to six digits.
const MESSAGES: [&str; 16] = [
    "request completed in # ms with # bytes",
    "connection # checked out after # us",
    "cache miss for key session:#",
    "query returned # rows in # us",
    "cache hit for key session:#",
    "job # acknowledged after # attempts",
    "retrying call to upstream #, attempt #",
    "user # signed in",
    "indexed # documents, # skipped",
    "message # delivered to shard #",
    "slow query: # ms, plan #",
    "blob # written, # bytes",
    "rate limit of # requests reached by client #",
    "invoice # settled",
    "connection # reset by peer",
    "configuration version # loaded",
];

pub(crate) fn rows(rows: usize, seed: u64) -> Vec<D5Row> {
    let mut service = Service::new(seed);
    (0..rows).map(|_| service.line()).collect()
}

pub(super) fn batches(rows: usize, seed: u64) -> Result<Vec<Batch>> {
    let mut service = Service::new(seed);
    in_batches(rows, ROW_BYTES, |rows| service.log(rows))
}

struct Service {
    random: Random,
    modules: Zipf,
    messages: Zipf,
    users: Zipf,
    now: i64,
}

impl Service {
    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            modules: Zipf::new(MODULES.len()),
            messages: Zipf::new(MESSAGES.len()),
            users: Zipf::new(USERS),
            now: 1_750_000_000_000_000,
        }
    }

    fn log(&mut self, rows: usize) -> Result<Batch> {
        let (mut timestamps, mut latencies) = (Vec::new(), Vec::new());
        let (mut statuses, mut users) = (Vec::new(), Text::default());
        let [mut levels, mut modules, mut messages, mut requests] =
            std::array::from_fn(|_| Text::default());
        for _ in 0..rows {
            let line = self.line();
            timestamps.push(line.timestamp);
            levels.push(&line.level);
            modules.push(&line.module);
            messages.push(&line.message);
            requests.push(&line.request_id);
            latencies.push(line.latency_ms);
            statuses.push(line.status);
            match &line.user {
                None => users.push_null(),
                Some(user) => users.push(user),
            }
        }
        let timestamps = TimestampArray {
            unit: TimeUnit::Microsecond,
            timezone: Some(String::from("UTC")),
            validity: None,
            values: timestamps,
        };
        Columns::default()
            .with("timestamp", Array::Timestamp(timestamps))
            .with("level", levels.array()?)
            .with("module", modules.array()?)
            .with("message", messages.array()?)
            .with("request_id", requests.array()?)
            .with("latency_ms", Array::Float64(full(latencies)))
            .with_nullable("status", Array::UInt16(sparse(statuses)))
            .with_nullable("user", users.array()?)
            .batch(rows)
    }

    fn line(&mut self) -> D5Row {
        // In this order: each draws from the same random numbers.
        let timestamp = self.tick();
        let level = self.level().to_owned();
        let module = self.modules.pick(&mut self.random);
        let module = MODULES.get(module).copied().unwrap_or_default().to_owned();
        let message = self.message();
        let request_id = format!("{:016x}", self.random.bits());
        let latency_ms = self.latency();
        let status = self.status();
        let is_known = !self.random.chance(0.4);
        let user = is_known.then(|| format!("user-{}", self.users.pick(&mut self.random)));
        D5Row {
            timestamp,
            level,
            module,
            message,
            request_id,
            latency_ms,
            status,
            user,
        }
    }

    /// Bursts with pauses between them, in µs.
    fn tick(&mut self) -> i64 {
        let most = if self.random.chance(0.1) { 5_000 } else { 200 };
        self.now += i64::try_from(self.random.between(1, most)).unwrap_or(1);
        self.now
    }

    fn level(&mut self) -> &'static str {
        match self.random.below(100) {
            0..80 => "INFO",
            80..92 => "DEBUG",
            92..98 => "WARN",
            _ => "ERROR",
        }
    }

    fn message(&mut self) -> String {
        let mut text = String::new();
        let message = MESSAGES.get(self.messages.pick(&mut self.random)).copied();
        for letter in message.unwrap_or_default().chars() {
            if letter == '#' {
                // As many numbers of one digit as of six.
                let end = (0..self.random.below(6)).fold(10, |end, _| end * 10);
                // Writing to a string cannot fail.
                let _ = write!(text, "{}", self.random.below(end));
            } else {
                text.push(letter);
            }
        }
        text
    }

    /// In ms, to the µs: most calls are quick, some take a second.
    fn latency(&mut self) -> f64 {
        let unit = self.random.unit();
        let slow = unit * unit * unit * unit;
        (200.0 + 1_000_000.0 * slow * slow).round() / 1_000.0
    }

    fn status(&mut self) -> Option<u16> {
        match self.random.below(100) {
            0..25 => None,
            25..85 => Some(200),
            85..90 => Some(204),
            90..94 => Some(304),
            94..97 => Some(404),
            97..99 => Some(429),
            _ => Some(500),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_described() {
        let batches = batches(5_000, 1).unwrap();
        let [
            Array::Timestamp(timestamps),
            Array::Utf8(levels),
            _,
            Array::Utf8(messages),
            Array::Utf8(requests),
            Array::Float64(latencies),
            Array::UInt16(statuses),
            Array::Utf8(users),
        ] = batches[0].columns()
        else {
            panic!("other columns")
        };
        assert!(timestamps.values.is_sorted_by(|a, b| a < b));
        assert!(levels.data.starts_with(b"INFO") || levels.data.len() > 5_000 * 4);
        assert!(!messages.data.contains(&b'#'));
        assert_eq!(requests.data.len(), 5_000 * 16);
        assert!(
            latencies
                .values
                .iter()
                .all(|ms| (0.2..=1_000.2).contains(ms))
        );
        let with_value = |validity: &Option<Vec<u8>>| -> u32 {
            validity
                .as_ref()
                .unwrap()
                .iter()
                .map(|byte| byte.count_ones())
                .sum()
        };
        assert!((3_600..3_900).contains(&with_value(&statuses.validity)));
        assert!((2_850..3_150).contains(&with_value(&users.validity)));
    }
}
