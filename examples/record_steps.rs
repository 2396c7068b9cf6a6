//! A simulation that records every step: a noisy neuron that fires, its voltage, and the steps at which it fired.
//!
//! `cargo run --release --example record_steps -- steps.xk`

use exportkit::{Recorder, Result};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Step {
    step: u64,
    voltage_mv: f64,
    fired: bool,
}

#[derive(Serialize)]
struct Spike {
    step: u64,
    gap: Option<u64>,
}

fn main() -> Result<()> {
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "steps.xk".to_owned());
    let recorder = Recorder::create(&path)?;
    let mut steps = recorder.stream::<Step>("steps")?;
    let mut spikes = recorder.stream::<Spike>("spikes")?;

    let (mut voltage_mv, mut noise, mut last_spike) = (-70.0_f64, 1_u64, None);
    for step in 0..1_000_000 {
        // A linear congruential generator is noise enough here.
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let kick = f64::from((noise >> 40) as u32) / f64::from(1_u32 << 24);
        voltage_mv += 0.05 * (-70.0 - voltage_mv) + 2.1 * kick;
        let fired = voltage_mv > -48.0;
        if fired {
            spikes.push(&Spike {
                step,
                gap: last_spike.map(|last| step - last),
            })?;
            (voltage_mv, last_spike) = (-75.0, Some(step));
        }
        steps.push(&Step {
            step,
            voltage_mv,
            fired,
        })?;
    }
    steps.finish()?;
    spikes.finish()?;
    let recorded = recorder.finish()?;
    println!(
        "{} rows in {} chunks in {path}",
        recorded.rows, recorded.chunks
    );

    let fired = exportkit::open(&path)?
        .read::<Step>("steps")?
        .filter(|step| step.as_ref().is_ok_and(|step| step.fired))
        .count();
    println!("fired {fired} times, says the file");
    Ok(())
}
