//! The digests that `test.c` expects of a device, computed by the core on a host, in the shapes of fixed size.

use perturb_core::{
    Affine, Const, Gumbel, Laplace, Logistic, Noise, Normal, Oracle, Perturbed, Ranking, Rect, Seed, Shape,
    Simplex, TopK, oracle::Neighbours,
};

const FEATURES: usize = 3;
const STEPS: u64 = 50;

struct Digest(u32);

impl Digest {
    const START: Self = Self(2_166_136_261);

    fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619)))
    }
    fn floats(self, x: &[f32]) -> Self {
        x.iter().fold(self, |digest, x| digest.bytes(&x.to_le_bytes()))
    }
}

fn scores(step: u64, theta: &mut [f32]) {
    for (i, theta) in (0..).zip(theta) {
        *theta = ((i * 37 + step * 11) % 128) as f32 / 128.0 - 1.5;
    }
}

fn features(step: u64) -> [f32; FEATURES] {
    core::array::from_fn(|j| ((step * 29 + j as u64 * 53 + 7) % 128) as f32 / 64.0 - 1.0)
}

fn trained<O: Oracle<f32>, N: Noise<f32>, const SCORES: usize>(
    layer: &Perturbed<O, N, f32>,
) -> Affine<f32, FEATURES, SCORES> {
    let mut model = Affine::zeros();
    let mut theta = layer.oracle().shape().array(0.0);
    for step in 0..STEPS {
        scores(step, theta.as_mut());
        let (_, target) = layer.decide(theta.as_ref()).unwrap();
        model.step(layer, &features(step), target.as_ref(), 0.05, Seed(2).fold(step)).unwrap();
    }
    model
}

/// The digests of gradients and of weights, by the names in `expected.h`.
fn check<O: Oracle<f32>, N: Noise<f32>, const SCORES: usize>(name: &str, oracle: O, noise: N) {
    let layer = Perturbed::new(oracle, noise, 0.5).unwrap();
    let mut digest = Digest::START;
    let mut theta = layer.oracle().shape().array(0.0);
    for step in 0..STEPS {
        scores(step, theta.as_mut());
        let (_, target) = layer.decide(theta.as_ref()).unwrap();
        let gradient = layer
            .fenchel_young_gradient(theta.as_ref(), target.as_ref(), Single(Seed(1).fold(step)))
            .unwrap();
        digest = digest.floats(target.as_ref()).floats(gradient.as_ref());
    }
    expect(&format!("{name}_GRADIENTS"), &digest);
    let model: Affine<f32, FEATURES, SCORES> = trained(&layer);
    let digest = Digest::START.floats(model.weights.as_slice()).floats(model.bias.as_slice());
    expect(&format!("{name}_WEIGHTS"), &digest);
}

fn expect(name: &str, digest: &Digest) {
    let line = format!("#define {name} 0x{:08X}u", digest.0);
    assert!(include_str!("expected.h").lines().any(|known| known == line), "expected.h should say {line}");
}

#[test]
fn argmax() {
    check::<_, _, 5>("ARGMAX_5", Simplex::new(Const::<5>).unwrap(), Gumbel);
}

#[test]
fn top_k() {
    check::<_, _, 7>("TOP_3_OF_7", TopK::new(Const::<7>, 3).unwrap(), Logistic);
}

#[test]
fn ranking() {
    check::<_, _, 6>("RANKING_6", Ranking::ascending(Const::<6>).unwrap(), Normal);
    check::<_, _, 20>("RANKING_20", Ranking::ascending(Const::<20>).unwrap(), Laplace);
}

#[test]
fn grid_path() {
    let oracle = perturb_core::GridPath::new(Rect::<12, 12>, Neighbours::Eight).unwrap();
    check::<_, _, 144>("GRID_12", oracle, Normal);
}

#[test]
fn model_file() {
    let layer = Perturbed::new(Ranking::ascending(Const::<6>).unwrap(), Normal, 0.5).unwrap();
    let mut file = [0; 36 + 4 * (FEATURES + 1) * 6];
    let model: Affine<f32, FEATURES, 6> = trained(&layer);
    model.store(&layer, &mut file).unwrap();
    expect("RANKING_6_FILE", &Digest::START.bytes(&file));
}

#[test]
fn the_readme_shows_the_program_that_is_tested() {
    let example = include_str!("example.c").replace("\"example.h\"", "\"perturb.h\"");
    assert!(include_str!("../README.md").contains(&example));
}
