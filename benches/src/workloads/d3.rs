//! D3, spikes: 1,000 neurons, each of which fires at a step with a chance of 2 %.

use export_core::marrow::array::{Array, ListArray};
use export_core::marrow::datatypes::FieldMeta;
use export_core::{Batch, Error, Result};

use crate::columns::{Columns, batches as in_batches, full, offsets};
use crate::random::Random;

const NEURONS: u32 = 1_000;
const CHANCE: f64 = 0.02;
const EVENT_BYTES: usize = 6;
const STEP_BYTES: usize = 48;

/// Which neurons fired at which step, in order.
pub(super) struct Spikes {
    steps: usize,
    /// step · [`NEURONS`] + neuron.
    places: Vec<u32>,
}

impl Spikes {
    pub(super) fn new(steps: usize, seed: u64) -> Result<Self> {
        let end = u32::try_from(steps)
            .ok()
            .and_then(|steps| steps.checked_mul(NEURONS))
            .ok_or_else(|| Error::limit(format!("{steps} steps are more than D3 can have")))?;
        let (mut random, gaps) = (Random::new(seed), Gaps::new());
        let mut places = Vec::new();
        // The place after the last spike.
        let mut next = 0_u32;
        while let Some(place) = next
            .checked_add(gaps.pick(&mut random))
            .filter(|&at| at < end)
        {
            places.push(place);
            next = place + 1;
        }
        Ok(Self { steps, places })
    }

    /// A row for each spike: step and neuron.
    pub(super) fn events(&self) -> Result<Vec<Batch>> {
        let mut places = self.places.iter().copied();
        in_batches(self.places.len(), EVENT_BYTES, |rows| {
            let (steps, neurons) = places
                .by_ref()
                .take(rows)
                .map(|place| (place / NEURONS, neuron(place)))
                .unzip();
            Columns::default()
                .with("step", Array::UInt32(full(steps)))
                .with("neuron", Array::UInt16(full(neurons)))
                .batch(rows)
        })
    }

    /// A row for each step: the neurons that fired.
    pub(super) fn lists(&self) -> Result<Vec<Batch>> {
        let mut places = self.places.iter().copied().peekable();
        let mut step = 0_u32;
        in_batches(self.steps, STEP_BYTES, |rows| {
            let (mut lengths, mut neurons) = (Vec::with_capacity(rows), Vec::new());
            for _ in 0..rows {
                let before = neurons.len();
                while let Some(place) = places.next_if(|place| place / NEURONS == step) {
                    neurons.push(neuron(place));
                }
                lengths.push(neurons.len() - before);
                step += 1;
            }
            let lists = ListArray {
                validity: None,
                offsets: offsets(lengths)?,
                meta: FieldMeta {
                    name: "item".into(),
                    ..FieldMeta::default()
                },
                elements: Box::new(Array::UInt16(full(neurons))),
            };
            Columns::default()
                .with("neurons", Array::List(lists))
                .batch(rows)
        })
    }
}

fn neuron(place: u32) -> u16 {
    u16::try_from(place % NEURONS).unwrap_or(0)
}

/// The geometric distribution of places without a spike between two with one.
struct Gaps {
    /// The chance that a gap is longer than 0, 1, 2, …; falling.
    longer: Vec<f64>,
}

impl Gaps {
    fn new() -> Self {
        let powers =
            std::iter::successors(Some(1.0 - CHANCE), |power| Some(power * (1.0 - CHANCE)));
        Self {
            longer: powers.take_while(|&power| power > 1e-16).collect(),
        }
    }

    fn pick(&self, random: &mut Random) -> u32 {
        let at = random.unit();
        u32::try_from(self.longer.partition_point(|&chance| chance > at)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_neuron_in_fifty_fires_at_a_step() {
        let spikes = Spikes::new(2_000, 1).unwrap();
        assert!(
            (39_000..41_000).contains(&spikes.places.len()),
            "{}",
            spikes.places.len()
        );
        assert!(spikes.places.is_sorted_by(|a, b| a < b));
        let by_first: usize = spikes.places.iter().filter(|&&p| p % NEURONS == 0).count();
        assert!(
            (10..90).contains(&by_first),
            "neuron 0 fired {by_first} times"
        );
    }

    #[test]
    fn events_and_lists_hold_the_same_spikes() {
        let spikes = Spikes::new(500, 2).unwrap();
        let (events, lists) = (spikes.events().unwrap(), spikes.lists().unwrap());
        let [Array::UInt32(steps), Array::UInt16(neurons)] = events[0].columns() else {
            panic!()
        };
        let [Array::List(lists)] = lists[0].columns() else {
            panic!()
        };
        let Array::UInt16(listed) = &*lists.elements else {
            panic!()
        };
        assert_eq!(neurons.values, listed.values);
        assert_eq!(
            (lists.offsets.len(), steps.values.len()),
            (501, listed.values.len())
        );
        assert!(steps.values.is_sorted() && steps.values.iter().all(|&step| step < 500));
    }

    #[test]
    fn too_many_steps_are_refused() {
        assert!(Spikes::new(1 << 32, 1).is_err());
        assert!(Spikes::new(0, 1).unwrap().places.is_empty());
    }
}
