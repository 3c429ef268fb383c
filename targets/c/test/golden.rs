//! The digests that `test.c` expects of a device, computed by the core on a host, in the shapes of fixed size.

use perturb_core::{
    AffineMut, AffineRef, Const, GridPath, Gumbel, Laplace, Logistic, Noise, Normal, Oracle, Perturbed,
    Ranking, Rect, Seed, Shape, SharedMut, SharedRef, Simplex, Single, TopK, oracle::Neighbours,
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

/// Weights and bias.
fn trained<O: Oracle<f32>, N: Noise<f32>>(layer: &Perturbed<O, N, f32>) -> (Vec<f32>, Vec<f32>) {
    let mut theta = layer.oracle().shape().array(0.0);
    let scores_in_all = theta.as_ref().len();
    let (mut weights, mut bias) = (vec![0.0; FEATURES * scores_in_all], vec![0.0; scores_in_all]);
    let mut model = AffineMut::new(&mut weights, &mut bias).unwrap();
    for step in 0..STEPS {
        scores(step, theta.as_mut());
        let (_, target) = layer.decide(theta.as_ref()).unwrap();
        model.step(layer, &features(step), target.as_ref(), 0.05, Seed(2).fold(step)).unwrap();
    }
    (weights, bias)
}

/// The digests of gradients and of weights, by the names in `expected.h`.
fn check<O: Oracle<f32>, N: Noise<f32>>(name: &str, oracle: O, noise: N) {
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
    let (weights, bias) = trained(&layer);
    expect(&format!("{name}_WEIGHTS"), &Digest::START.floats(&weights).floats(&bias));
}

/// Decisions and weights that all options share, after as many steps.
fn check_shared<O: Oracle<f32>, N: Noise<f32>>(name: &str, oracle: O, noise: N) -> Vec<f32> {
    let layer = Perturbed::new(oracle, noise, 0.5).unwrap();
    let (mut digest, mut weights) = (Digest::START, vec![0.0; FEATURES]);
    let mut model = SharedMut::new(&mut weights).unwrap();
    let mut theta = layer.oracle().shape().array(0.0);
    for step in 0..STEPS {
        let options: Vec<f32> = (0..FEATURES as u64 * theta.as_ref().len() as u64)
            .map(|i| ((step * 31 + i * 47 + 5) % 128) as f32 / 64.0 - 1.0)
            .collect();
        scores(step, theta.as_mut());
        let (_, target) = layer.decide(theta.as_ref()).unwrap();
        model.step(&layer, &options, target.as_ref(), 0.05, Seed(3).fold(step)).unwrap();
        digest = digest.floats(model.as_ref().decide(&layer, &options).unwrap().as_ref());
    }
    expect(&format!("{name}_SHARED"), &digest.floats(&weights));
    weights
}

#[test]
fn shared() {
    check_shared("ARGMAX_5", Simplex::new(Const::<5>).unwrap(), Gumbel);
    check_shared("RANKING_6", Ranking::ascending(Const::<6>).unwrap(), Normal);
    check_shared("GRID_12", GridPath::new(Rect::<12, 12>, Neighbours::Eight).unwrap(), Normal);
    let top = TopK::new(Const::<7>, 3).unwrap();
    let weights = check_shared("TOP_3_OF_7", top, Logistic);
    let mut file = [0; 44 + 4 * FEATURES];
    let layer = Perturbed::new(top, Logistic, 0.5).unwrap();
    SharedRef::new(&weights).unwrap().store(&layer, &mut file).unwrap();
    expect("TOP_3_OF_7_SHARED_FILE", &Digest::START.bytes(&file));
}

fn expect(name: &str, digest: &Digest) {
    let line = format!("#define {name} 0x{:08X}u", digest.0);
    assert!(include_str!("expected.h").lines().any(|known| known == line), "expected.h should say {line}");
}

#[test]
fn argmax() {
    check("ARGMAX_5", Simplex::new(Const::<5>).unwrap(), Gumbel);
}

#[test]
fn top_k() {
    check("TOP_3_OF_7", TopK::new(Const::<7>, 3).unwrap(), Logistic);
}

#[test]
fn ranking() {
    check("RANKING_6", Ranking::ascending(Const::<6>).unwrap(), Normal);
    check("RANKING_20", Ranking::ascending(Const::<20>).unwrap(), Laplace);
}

#[test]
fn grid_path() {
    let oracle = GridPath::new(Rect::<12, 12>, Neighbours::Eight).unwrap();
    check("GRID_12", oracle, Normal);
}

#[test]
fn model_file() {
    let layer = Perturbed::new(Ranking::ascending(Const::<6>).unwrap(), Normal, 0.5).unwrap();
    let mut file = [0; 36 + 4 * (FEATURES + 1) * 6];
    let (weights, bias) = trained(&layer);
    AffineRef::new(&weights, &bias).unwrap().store(&layer, &mut file).unwrap();
    expect("RANKING_6_FILE", &Digest::START.bytes(&file));
}

#[test]
fn the_header_has_the_version() {
    let parts =
        [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")];
    let [major, minor, patch] = parts.map(|part| part.parse::<u8>().unwrap());
    let header = include_str!("../include/perturb.h");
    for line in [
        format!("#define PERTURB_VERSION \"{}\"", env!("CARGO_PKG_VERSION")),
        format!("#define PERTURB_VERSION_NUMBER 0x{major:02X}{minor:02X}{patch:02X}"),
    ] {
        assert!(
            header.lines().any(|known| known == line),
            "perturb.h should say {line}: perturb-runner header"
        );
    }
}

#[test]
fn the_readme_shows_the_program_that_is_tested() {
    let example = include_str!("example.c").replace("\"example.h\"", "\"perturb.h\"");
    assert!(include_str!("../README.md").contains(&example));
}
