//! NumPy's legacy generator, `np.random.seed` and the functions that the course's document calls.

/// `numpy.random.RandomState`: MT19937 (Matsumoto and Nishimura, 1998), with the polar method for
/// normal numbers and masked rejection for whole ones.
#[derive(Clone, Debug)]
pub struct NumpyRandom {
    state: [u32; Self::LEN],
    index: usize,
    /// The polar method makes two numbers at once.
    spare_normal: Option<f64>,
}

impl NumpyRandom {
    const LEN: usize = 624;

    /// `np.random.seed(seed)`.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; Self::LEN];
        let mut previous = seed;
        for (i, word) in (0_u32..).zip(&mut state).skip(1) {
            *word = 1_812_433_253_u32.wrapping_mul(previous ^ (previous >> 30)).wrapping_add(i);
            previous = *word;
        }
        Self { state, index: Self::LEN, spare_normal: None }
    }

    fn twist(&mut self) {
        let word =
            |state: &[u32; Self::LEN], i: usize| state.get(i % Self::LEN).copied().unwrap_or(0);
        for i in 0..Self::LEN {
            let (this, next) = (word(&self.state, i), word(&self.state, i + 1));
            let y = (this & 0x8000_0000) | (next & 0x7FFF_FFFF);
            let odd = if y & 1 == 1 { 0x9908_B0DF } else { 0 };
            let new = word(&self.state, i + 397) ^ (y >> 1) ^ odd;
            if let Some(place) = self.state.get_mut(i) {
                *place = new;
            }
        }
        self.index = 0;
    }

    fn next_u32(&mut self) -> u32 {
        if self.index >= Self::LEN {
            self.twist();
        }
        let mut y = self.state.get(self.index).copied().unwrap_or(0);
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        y ^ (y >> 18)
    }

    /// `np.random.random()`: a number in [0, 1).
    pub fn random(&mut self) -> f64 {
        let (high, low) = (self.next_u32() >> 5, self.next_u32() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.random() - 1.0, 2.0 * self.random() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare_normal = Some(factor * x);
                return factor * y;
            }
        }
    }

    /// `np.random.randn(...)`, flat.
    pub fn randn(&mut self, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.normal()).collect()
    }

    /// `np.random.randint(high, size=len)`.
    pub fn randint(&mut self, high: u32, len: usize) -> Vec<u32> {
        let largest = high.saturating_sub(1);
        let mask = u32::MAX.checked_shr(largest.leading_zeros()).unwrap_or(0);
        let mut draw = || loop {
            let value = self.next_u32() & mask;
            if value <= largest {
                return value;
            }
        };
        (0..len).map(|_| draw()).collect()
    }
}

/// `np.linspace(start, stop, num=len)`.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub(super) fn linspace(start: f64, stop: f64, len: usize) -> Vec<f64> {
    let last = len.saturating_sub(1);
    let step = (stop - start) / last.max(1) as f64;
    (0..len).map(|i| if i == last && i > 0 { stop } else { start + step * i as f64 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // import numpy as np; np.random.seed(231)
    // print(np.random.randn(5), np.random.randint(10, size=8), np.random.randn(2))
    #[test]
    fn numbers_are_those_of_numpy() {
        let mut random = NumpyRandom::new(231);
        assert_eq!(
            random.randn(5),
            [
                0.41794341085522313,
                1.3971002787857785,
                -1.7859043087115503,
                -0.7088277337845966,
                -0.0747253160682306
            ]
        );
        assert_eq!(random.randint(10, 8), [5, 2, 3, 6, 3, 0, 2, 7]);
        assert_eq!(random.randn(2), [-0.7750167689275921, -0.8373237303359339]);
    }

    #[test]
    fn linspace_ends_where_it_should() {
        assert_eq!(linspace(-0.5, 0.5, 3), [-0.5, 0.0, 0.5]);
        assert_eq!(linspace(2.0, 3.0, 1), [2.0]);
    }
}
