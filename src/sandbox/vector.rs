//! Simulated embeddings: unit vectors that depend on the text alone.

use rand::RngExt;

use super::dice;

/// A vector of length one.
pub(super) fn of(text: &str, dimensions: usize) -> Vec<f32> {
    let mut dice = dice::from_text(text);
    let raw: Vec<f32> = (0..dimensions)
        .map(|_| dice.random_range(-1.0..1.0_f32))
        .collect();
    let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
    raw.into_iter().map(|x| x / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_have_length_one_and_depend_on_the_text() {
        let one = of("Hello", 64);
        let length = one.iter().map(|x| x * x).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-5);
        assert_eq!(one, of("Hello", 64));
        assert_ne!(one, of("hello", 64));
    }
}
