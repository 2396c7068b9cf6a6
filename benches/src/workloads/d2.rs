//! D2, dense signals: noisy leaky integrate-and-fire neurons, every voltage at every step.

use export_core::marrow::array::Array;
use export_core::{Batch, Result};

use crate::columns::{Columns, batches as in_batches, full};
use crate::random::Random;

const NEURONS: usize = 64;
const SLOW_COLUMNS: usize = 4;
const ROW_BYTES: usize = 4 * NEURONS + 8 * SLOW_COLUMNS;

/// All in mV and ms.
const REST: f64 = -65.0;
const THRESHOLD: f64 = -50.0;
const TIME_CONSTANT: f64 = 20.0;
const STEP: f64 = 0.1;
/// What the input would drive a neuron to that never fires.
const DRIVE: f64 = 17.0;
const NOISE: f64 = 0.3;
/// Weight of one step in the slow averages.
const SLOW: f64 = 0.000_5;

pub(super) fn batches(rows: usize, seed: u64) -> Result<Vec<Batch>> {
    let mut network = Network::new(seed);
    in_batches(rows, ROW_BYTES, |rows| network.record(rows))
}

struct Network {
    random: Random,
    step: u32,
    voltages: Vec<f64>,
    mean_voltage: f64,
    rate: f64,
    temperature: f64,
}

impl Network {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let voltages = (0..NEURONS)
            .map(|_| REST + random.unit() * (THRESHOLD - REST))
            .collect();
        Self {
            random,
            step: 0,
            voltages,
            mean_voltage: REST,
            rate: 0.0,
            temperature: 34.0,
        }
    }

    /// One step; returns the number of spikes.
    fn advance(&mut self) -> u32 {
        let mut spikes = 0;
        for voltage in &mut self.voltages {
            *voltage += STEP / TIME_CONSTANT * (REST + DRIVE - *voltage);
            *voltage += NOISE * self.random.normal();
            if *voltage >= THRESHOLD {
                *voltage = REST;
                spikes += 1;
            }
        }
        let neurons = NEURONS as f64;
        let mean = self.voltages.iter().sum::<f64>() / neurons;
        self.mean_voltage += SLOW * (mean - self.mean_voltage);
        let rate = f64::from(spikes) / neurons * 1_000.0 / STEP;
        self.rate += SLOW * (rate - self.rate);
        // A thermometer of 0.01 degrees that is read out every 100 steps.
        if self.step.is_multiple_of(100) {
            let drift = (self.random.normal() * 2.0).round();
            self.temperature = ((self.temperature * 100.0).round() + drift) / 100.0;
        }
        self.step += 1;
        spikes
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "signals are recorded as f32"
    )]
    fn record(&mut self, rows: usize) -> Result<Batch> {
        let mut voltages = vec![Vec::new(); NEURONS];
        let mut slow = vec![Vec::new(); SLOW_COLUMNS];
        for _ in 0..rows {
            let time = f64::from(self.step) * STEP;
            self.advance();
            for (column, &voltage) in voltages.iter_mut().zip(&self.voltages) {
                column.push(voltage as f32);
            }
            let values = [time, self.mean_voltage, self.rate, self.temperature];
            for (column, value) in slow.iter_mut().zip(values) {
                column.push(value);
            }
        }
        let mut columns = Columns::default();
        for (neuron, values) in voltages.into_iter().enumerate() {
            columns = columns.with(&format!("v{neuron:02}"), Array::Float32(full(values)));
        }
        for (name, values) in ["time_ms", "mean_mv", "rate_hz", "temperature_c"]
            .into_iter()
            .zip(slow)
        {
            columns = columns.with(name, Array::Float64(full(values)));
        }
        columns.batch(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_fire_now_and_then_and_stay_below_threshold() {
        let mut network = Network::new(1);
        let spikes: u32 = (0..20_000).map(|_| network.advance()).sum();
        // 2 s of 64 neurons: between 5 and 100 Hz each.
        assert!((640..12_800).contains(&spikes), "{spikes} spikes");
        assert!(
            network
                .voltages
                .iter()
                .all(|v| (-90.0..THRESHOLD).contains(v))
        );
        assert!((20.0..50.0).contains(&network.temperature));
        assert!((5.0..100.0).contains(&network.rate), "{} Hz", network.rate);
    }
}
