//! Mean and spread of numbers.

/// Count, mean and spread, updated number by number (Welford, "Note on a method for calculating corrected sums of squares and
/// products", 1962).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
}

impl Moments {
    /// Counts a number in.
    pub fn add(&mut self, number: f64) {
        self.count += 1;
        let distance = number - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (number - self.mean);
    }

    /// How many numbers there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// Their standard deviation, as of a sample (n − 1).
    #[must_use]
    pub fn standard_deviation(&self) -> Option<f64> {
        let degrees = self.count.checked_sub(1).filter(|&degrees| degrees > 0)?;
        Some((self.squares / degrees as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(numbers: &[f64]) -> Moments {
        let mut moments = Moments::default();
        numbers.iter().for_each(|&number| moments.add(number));
        moments
    }

    #[test]
    fn mean_and_deviation() {
        let found = moments(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!(found.mean(), Some(5.0));
        assert_eq!(found.standard_deviation(), Some((32.0_f64 / 7.0).sqrt()));
        assert_eq!(
            (moments(&[]).mean(), moments(&[1.0]).standard_deviation()),
            (None, None)
        );
    }

    #[test]
    fn a_large_offset_costs_no_precision() {
        let found = moments(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert!((found.standard_deviation().unwrap() - 30.0_f64.sqrt()).abs() < 1e-9);
    }
}
