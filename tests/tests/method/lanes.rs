//! Samples side by side have the bits of samples one after the other, in vectors of every width.

use perturb::engine::{GroupMemory, LANES, Memory, NoiseGroup, SolveGroup, Streams, Wanted, estimate_rows};
use perturb::quantity::{FenchelYoungTerm, Jacobian, Jvp, Maximizer, MaximizerByScore, Value, Vjp};
use perturb::{
    AnyNoise, AnyOracle, Assignment, BatchExt, Dyn, DynRect, Error, GridPath, Gumbel, Hypercube, Laplace,
    Logistic, MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking, Real, RowError, Seed, Shape, Simplex,
    TopK,
    oracle::{NegativeCost, Neighbours},
};
use perturb_tests::widths::{Width, Widths};

/// Asserts that `results` are the same at every width, and that there are some.
fn same_at_every_width(name: &str, mut results: impl FnMut() -> Vec<u64>) {
    let widths = Widths::alone();
    widths.limit(Width::Scalar);
    let want = results();
    assert!(!want.is_empty());
    for width in Width::ALL {
        widths.limit(width);
        assert!(results() == want, "{name}, {}", width.name());
    }
}

fn bits<T: Real>(numbers: &[T]) -> impl Iterator<Item = u64> + '_ {
    numbers.iter().map(|x| x.to_f64().to_bits())
}

/// Whole groups of lanes and parts of one, whole blocks and parts of one.
const SAMPLES: [u32; 7] = [1, 4, 16, 21, 64, 65, 200];

/// Estimates of one row, by decisions alone, by products, and by all that a draw knows.
fn estimates<T: Real, O: Oracle<T>, N: Noise<T>>(layer: &Perturbed<O, N, T>, theta: &[T]) -> Vec<u64> {
    let mut found = Vec::new();
    let mut tell = |result: Result<Vec<T>, Error>| match result {
        Ok(numbers) => found.extend(bits(&numbers)),
        // Which sample failed, of all.
        Err(error) => found.extend(error.to_string().bytes().map(u64::from)),
    };
    let target = layer.sample(theta, Seed(77), 0).map(|y| y.as_ref().to_vec()).unwrap_or_default();
    for samples in SAMPLES {
        let how = MonteCarlo::new(samples, Seed(5));
        tell(layer.compute(theta, &Maximizer, how).map(|y| y.as_ref().to_vec()));
        tell(layer.compute(theta, &Vjp { cotangent: theta }, how).map(|y| y.as_ref().to_vec()));
        tell(layer.compute(theta, &Jvp { tangent: theta }, how).map(|y| y.as_ref().to_vec()));
        if target.len() == theta.len() {
            let term = FenchelYoungTerm { target: &target, offset: T::ZERO };
            let found = layer.compute(theta, &term, how);
            tell(found.map(|(loss, gradient)| [&[loss], gradient.as_ref()].concat()));
        }
        if theta.len() > 20 {
            continue;
        }
        for how in [how.leave_one_out(), how.antithetic()] {
            let found = layer.compute(theta, &(Value, Maximizer, Jacobian), how);
            tell(found.map(|(value, y, jacobian)| [&[value], y.as_ref(), jacobian.as_ref()].concat()));
        }
    }
    let spread = layer.compute_with_error(theta, &Maximizer, MonteCarlo::new(100, Seed(6)));
    tell(spread.map(|spread| spread.standard_error.as_ref().to_vec()));
    found
}

/// Batches with few samples a row, where lanes go from row to row, and with many.
fn batches<T: Real, O: Oracle<T> + Sync, N: Noise<T>>(layer: &Perturbed<O, N, T>, theta: &[T]) -> Vec<u64> {
    let mut found = Vec::new();
    let rows: Vec<T> =
        (0..11).flat_map(|row| theta.iter().map(move |&x| x * T::from_usize(row + 1))).collect();
    let directions: Vec<T> = rows.iter().rev().copied().collect();
    let mut tell = |result: Result<Vec<T>, RowError>| match result {
        Ok(numbers) => found.extend(bits(&numbers)),
        // Which row failed, and which sample.
        Err(error) => found.extend(error.to_string().bytes().map(u64::from)),
    };
    let batch = layer.batch();
    for samples in [1, 3, 20, 70] {
        let how = MonteCarlo::new(samples, Seed(8));
        tell(batch.maximizer(&rows, how));
        for how in [how, how.leave_one_out(), MonteCarlo::plain(samples, Seed(8))] {
            tell(batch.vjp(&rows, &directions, how));
            tell(batch.jvp(&rows, &directions, how));
        }
        if theta.len() <= 20 {
            let all = batch.compute(&rows, |_| (MaximizerByScore, Jacobian), how);
            tell(all.map(|all| {
                all.iter().flat_map(|(y, jacobian)| [y.as_ref(), jacobian.as_ref()].concat()).collect()
            }));
        }
    }
    found
}

/// Layers that are chosen at run time, so that all oracles and noises are compiled once.
fn check<T: Real>(noise: AnyNoise, oracle: impl Into<AnyOracle<T>>, theta: &[T]) {
    let oracle = oracle.into();
    // The last: scores that the noise hardly moves, so that those that are tied stay so.
    for epsilon in [1.0, 0.1, 1e-30] {
        let layer = Perturbed::new(oracle.clone(), noise, T::from_f64(epsilon)).unwrap();
        let name = format!(
            "{} {} d = {} {} ε = {epsilon}",
            layer.oracle().properties().name,
            layer.noise().name(),
            theta.len(),
            T::NAME
        );
        same_at_every_width(&name, || {
            let mut all = estimates(&layer, theta);
            all.extend(batches(&layer, theta));
            all
        });
    }
}

/// Scores with ties.
fn scores<T: Real>(dim: usize) -> Vec<T> {
    (0..dim).map(|i| T::from_f64(((i * 37 + 11) % (dim / 2 + 2)) as f64 / 7.0 - 1.0)).collect()
}

fn picks<T: Real>(noise: AnyNoise) {
    for dim in [1, 2, 5, 130] {
        check(noise, Simplex::new(Dyn(dim)).unwrap(), &scores::<T>(dim));
    }
    check(noise, Hypercube::sign(Dyn(7)).unwrap(), &scores::<T>(7));
    // By blocks of every size, by sorting all, all.
    for (dim, k) in
        [(1, 1), (2, 1), (40, 3), (40, 4), (40, 7), (40, 15), (40, 16), (40, 39), (40, 40), (513, 2)]
    {
        check(noise, TopK::new(Dyn(dim), k).unwrap(), &scores::<T>(dim));
    }
    for dim in [1, 2, 16, 17, 100, 512, 513] {
        check(noise, Ranking::ascending(Dyn(dim)).unwrap(), &scores::<T>(dim));
    }
    let uneven: Vec<T> = (0..30).map(|i| T::from_f64(1.0 / (1.5 + f64::from(i)))).collect();
    check(noise, Ranking::new(Dyn(30), &uneven).unwrap(), &scores::<T>(30));
    // Its zero has a sign.
    let signed: Vec<T> = (0..20).map(|i| -T::from_usize(i)).collect();
    check(noise, Ranking::new(Dyn(20), &signed).unwrap(), &scores::<T>(20));
}

fn paths<T: Real>(noise: AnyNoise) {
    for neighbours in [Neighbours::Four, Neighbours::Eight] {
        for (rows, columns) in [(1, 1), (1, 7), (6, 1), (2, 2), (5, 4)] {
            let theta: Vec<T> = scores(rows * columns).iter().map(|&x: &T| x - T::TWO).collect();
            let grid = GridPath::new(DynRect { rows, columns }, neighbours).unwrap();
            check(noise, grid, &theta);
            let high = grid.with_negative_costs(NegativeCost::Floor(T::TWO)).unwrap();
            check(noise, high, &theta);
            check(noise, grid.with_negative_costs(NegativeCost::Refuse).unwrap(), &theta);
        }
        let plane = DynRect { rows: 7, columns: 6 };
        let grid = GridPath::between(plane, neighbours, (5, 4), (1, 0)).unwrap();
        // Costs so small beside others that adding them changes nothing.
        let tiny = grid.with_negative_costs(NegativeCost::Floor(T::from_f64(1e-20))).unwrap();
        let theta: Vec<T> = (0..42).map(|i| T::from_f64(if i % 3 == 0 { -1e9 } else { 10.0 })).collect();
        check(noise, tiny, &theta);
        check(noise, grid, &theta);
    }
}

/// Small ones are solved one after the other, with noise from lanes.
fn matches<T: Real>(noise: AnyNoise) {
    for (rows, columns) in [(20, 20), (10, 17), (17, 10)] {
        let assignment = Assignment::new(DynRect { rows, columns }).unwrap();
        check(noise, assignment, &scores::<T>(rows * columns));
        let forbidding = |i: usize| if i % 3 == 1 { T::NEG_INFINITY } else { T::from_usize(i % 5) };
        check(noise, assignment, &(0..rows * columns).map(forbidding).collect::<Vec<T>>());
    }
    let plane = DynRect { rows: 4, columns: 4 };
    check(noise, Assignment::new(plane).unwrap(), &scores::<T>(16));
    check(noise, Assignment::new(plane).unwrap().with_warm_start(), &scores::<T>(16));
}

#[test]
fn picks_in_lanes() {
    picks::<f32>(AnyNoise::Gumbel);
    picks::<f32>(AnyNoise::Normal);
    picks::<f64>(AnyNoise::Normal);
}

#[test]
fn paths_in_lanes() {
    paths::<f32>(AnyNoise::Normal);
    paths::<f64>(AnyNoise::Logistic);
}

#[test]
fn matches_in_lanes() {
    matches::<f32>(AnyNoise::Normal);
    matches::<f64>(AnyNoise::Laplace);
}

/// Single samples of many rows and means of few, side by side, against each row alone.
#[test]
fn rows_in_lanes() {
    fn check<O: Oracle<f32>>(oracle: O) {
        let dim = oracle.shape().dim();
        let layer = Perturbed::new(oracle, Normal, 0.5f32).unwrap();
        let theta: Vec<f32> = scores::<f32>(21 * dim).iter().map(|x| x / dim as f32).collect();
        let row = |r: usize| &theta[r * dim..(r + 1) * dim];
        same_at_every_width(layer.oracle().properties().name, || {
            let mut memory = Memory::new(layer.oracle());
            let mut found = Vec::new();
            for samples in [1, 5, 64] {
                let how = MonteCarlo::new(samples, Seed(2));
                let mut sums = vec![layer.oracle().shape().array(0.0); 16];
                let (some, memory) = (&theta[..16 * dim], &mut memory);
                let done = estimate_rows(&layer, some, |_| Maximizer, how, 7, memory, &mut sums).unwrap();
                for (r, sum) in sums.iter().enumerate() {
                    let want = layer.maximizer(row(r), how.row(7 + r as u64)).unwrap();
                    assert!(!done || want.as_ref() == sum.as_ref());
                    found.extend(bits(want.as_ref()));
                }
                let vjp = |r: usize| Vjp { cotangent: row(20 - r) };
                let done = estimate_rows(&layer, some, vjp, how, 7, memory, &mut sums).unwrap();
                for (r, sum) in sums.iter().enumerate() {
                    let want = layer.compute(row(r), &vjp(r), how.row(7 + r as u64)).unwrap();
                    assert!(!done || want.as_ref() == sum.as_ref());
                    found.extend(bits(want.as_ref()));
                }
            }
            let one = layer.maximizer(row(3), MonteCarlo::new(1, Seed(1).fold(3))).unwrap();
            assert_eq!(layer.sample(row(3), Seed(1).fold(3), 0).unwrap().as_ref(), one.as_ref());
            found
        });
        let mut memory = Memory::new(layer.oracle());
        let (how, mut one) = (MonteCarlo::new(1, Seed(1)), [layer.oracle().shape().array(0.0)]);
        assert!(estimate_rows(&layer, &theta, |_| Maximizer, how, 0, &mut memory, &mut one).is_err());
    }
    check(Simplex::new(Dyn(5)).unwrap());
    check(Ranking::ascending(Dyn(20)).unwrap());
    check(Assignment::new(DynRect { rows: 3, columns: 3 }).unwrap().with_warm_start());
    check(Assignment::new(DynRect { rows: 11, columns: 11 }).unwrap());
}

/// The oracles that are said to solve in lanes do, and doubt no distinct scores.
#[test]
fn oracles_have_lanes() {
    fn check<O: Oracle<f32>>(oracle: O) {
        let dim = oracle.shape().dim();
        let mut theta = vec![[0.0; LANES]; dim];
        for (i, row) in theta.iter_mut().enumerate() {
            *row = core::array::from_fn(|lane| -1.0 - ((i * 7 + lane * 5) % 41) as f32);
        }
        let lanes = || vec![[0.0; LANES]; dim];
        let (mut y, mut costs, mut distances) = (lanes(), lanes(), lanes());
        let (mut codes, mut values) = (vec![[0; LANES]; dim], [0.0; LANES]);
        let memory = GroupMemory { codes: &mut codes, costs: &mut costs, distances: &mut distances };
        let wanted = Wanted::Each { y: &mut y, values: Some(&mut values) };
        let doubtful = oracle.solve_group(SolveGroup { theta: &theta, count: LANES, wanted, memory });
        assert_eq!(doubtful, Some(0), "{}", oracle.properties().name);
        for lane in 0..LANES {
            let column: Vec<f32> = theta.iter().map(|row| row[lane]).collect();
            let (mut alone, mut work) = (vec![0.0; dim], oracle.work());
            assert_eq!(oracle.solve(&column, &mut alone, &mut work).unwrap(), values[lane]);
            assert!(y.iter().zip(&alone).all(|(row, &y)| row[lane] == y), "{}", oracle.properties().name);
        }
    }
    check(Simplex::new(Dyn(40)).unwrap());
    check(Hypercube::binary(Dyn(40)).unwrap());
    check(TopK::new(Dyn(40), 4).unwrap());
    check(TopK::new(Dyn(40), 30).unwrap());
    check(Ranking::ascending(Dyn(10)).unwrap());
    check(Ranking::ascending(Dyn(40)).unwrap());
    check(GridPath::new(DynRect { rows: 5, columns: 8 }, Neighbours::Eight).unwrap());
    for (rows, columns) in [(10, 10), (12, 12), (10, 17), (17, 10), (7, 40)] {
        check(Assignment::new(DynRect { rows, columns }).unwrap());
    }
}

/// Scores of every kind, among them near ties, which codes do not tell apart; too many entries are left alone.
#[test]
fn many_entries_in_lanes() {
    /// In lane 0 normal scores; then few different ones, pairs of neighbouring numbers, zeros of both signs, one −∞, equal ones, and
    /// so many near ties that they are doubted.
    fn columns<T: Real>(dim: usize) -> Vec<Vec<T>> {
        let mut normal = vec![T::ZERO; dim];
        Normal.fill(&mut Seed(6).stream(0), &mut normal);
        let kind = |score: &dyn Fn(usize) -> T| (0..dim).map(score).collect::<Vec<T>>();
        let mixed = |i: usize| i * 7919 % dim;
        let near = |i: usize| T::ONE + T::EPSILON * T::from_usize(mixed(i));
        let mut columns = vec![
            kind(&|i| normal[i]),
            kind(&|i| T::from_usize(mixed(i) % 7)),
            kind(&|i| T::from_usize(mixed(i) / 2) + T::EPSILON * T::from_usize(i % 2)),
            kind(&|i| if i % 2 == 0 { T::ZERO } else { -T::ZERO } - T::from_usize(usize::from(i == 9))),
            kind(&|i| if i == 11 { T::NEG_INFINITY } else { normal[i] }),
            kind(&|_| T::TWO),
            kind(&|i| if i == 0 { T::from_f64(1e9) } else { near(i) }),
        ];
        columns.resize_with(LANES, || normal.iter().rev().copied().collect());
        columns
    }

    fn check<T: Real, O: Oracle<T>>(oracle: O, left_alone: u32) {
        let dim = oracle.shape().dim();
        let columns = columns::<T>(dim);
        let name = format!("{} {dim} {}", oracle.properties().name, T::NAME);
        let theta: Vec<[T; LANES]> =
            (0..dim).map(|i| core::array::from_fn(|lane| columns[lane][i])).collect();
        let lanes = || vec![[T::ZERO; LANES]; dim];
        let (mut y, mut costs, mut distances) = (lanes(), lanes(), lanes());
        let (mut codes, mut values) = (vec![[0; LANES]; dim], [T::ZERO; LANES]);
        let memory = GroupMemory { codes: &mut codes, costs: &mut costs, distances: &mut distances };
        let wanted = Wanted::Each { y: &mut y, values: Some(&mut values) };
        let doubtful = oracle.solve_group(SolveGroup { theta: &theta, count: LANES, wanted, memory });
        assert_eq!(doubtful, Some(left_alone), "{name}");
        for (lane, column) in columns.iter().enumerate().filter(|(lane, _)| left_alone >> lane & 1 == 0) {
            let (mut alone, mut work) = (oracle.shape().array(T::ZERO), oracle.work());
            let value = oracle.solve(column, alone.as_mut(), &mut work).unwrap();
            assert!(value == values[lane], "{name}, lane {lane}");
            assert!(y.iter().zip(alone.as_ref()).all(|(row, &y)| row[lane] == y), "{name}, lane {lane}");
        }
    }

    fn check_all<T: Real>() {
        for dim in [12, 300, 513, 1000, 4097] {
            let doubted = 1 << 5 | if dim > 12 { 1 << 6 } else { 0 };
            check::<T, _>(Ranking::ascending(Dyn(dim)).unwrap(), doubted);
        }
        let mut codes = vec![[0; LANES]; 1 << 14 | 1];
        let theta = vec![[T::ZERO; LANES]; codes.len()];
        let (mut y, mut costs, mut distances) = (theta.clone(), theta.clone(), theta.clone());
        let memory = GroupMemory { codes: &mut codes, costs: &mut costs, distances: &mut distances };
        let wanted = Wanted::Sum { sums: &mut y };
        let oracle = Ranking::<T, _>::ascending(Dyn(theta.len())).unwrap();
        assert_eq!(oracle.solve_group(SolveGroup { theta: &theta, count: LANES, wanted, memory }), None);
    }

    let widths = Widths::alone();
    for width in Width::ALL {
        widths.limit(width);
        check_all::<f32>();
        check_all::<f64>();
    }
}

/// Every third score is −∞, and so many that there is no decision.
#[test]
fn forbidden_entries_in_lanes() {
    fn check_with<T: Real>(noise: AnyNoise, oracle: impl Into<AnyOracle<T>>, theta: &[T], step: usize) {
        let mut theta = theta.to_vec();
        theta.iter_mut().skip(1).step_by(step).for_each(|x| *x = T::NEG_INFINITY);
        check(noise, oracle, &theta);
    }
    fn picks<T: Real>(noise: AnyNoise) {
        for (dim, step) in [(5, 3), (5, 1), (130, 3)] {
            check_with(noise, Simplex::new(Dyn(dim)).unwrap(), &scores::<T>(dim), step);
        }
        for (dim, k) in [(2, 1), (2, 2), (40, 3), (40, 16), (40, 27), (40, 28), (513, 2)] {
            check_with(noise, TopK::new(Dyn(dim), k).unwrap(), &scores::<T>(dim), 3);
        }
    }
    fn paths<T: Real>(noise: AnyNoise) {
        for neighbours in [Neighbours::Four, Neighbours::Eight] {
            for (rows, columns, step) in [(1, 7, 3), (5, 4, 3), (5, 4, 8), (3, 3, 7)] {
                let theta: Vec<T> = scores(rows * columns).iter().map(|&x: &T| x - T::TWO).collect();
                let grid = GridPath::new(DynRect { rows, columns }, neighbours).unwrap();
                check_with(noise, grid, &theta, step);
                let refusing = grid.with_negative_costs(NegativeCost::Refuse).unwrap();
                check_with(noise, refusing, &theta, step);
            }
        }
        for (rows, columns, step) in [(4, 4, 3), (18, 17, 5), (3, 20, 2), (20, 3, 2), (4, 4, 2)] {
            let oracle = Assignment::new(DynRect { rows, columns }).unwrap();
            check_with(noise, oracle, &scores::<T>(rows * columns), step);
            check_with(noise, oracle.with_warm_start(), &scores::<T>(rows * columns), step);
        }
    }
    picks::<f32>(AnyNoise::Gumbel);
    picks::<f64>(AnyNoise::Normal);
    paths::<f32>(AnyNoise::Normal);
    paths::<f64>(AnyNoise::Laplace);
}

/// Scores that overflow when they are perturbed.
#[test]
fn infinite_scores_in_lanes() {
    let theta: Vec<f32> = (0..20).map(|i| if i % 3 == 0 { f32::MAX } else { -f32::MAX }).collect();
    let check = |name: &str, oracle: AnyOracle<f32>| {
        let layer = Perturbed::new(oracle, AnyNoise::Normal, 1e38f32).unwrap();
        same_at_every_width(name, || estimates(&layer, &theta));
    };
    check("ranking of infinite scores", Ranking::ascending(Dyn(20)).unwrap().into());
    check("top-k of infinite scores", TopK::new(Dyn(20), 4).unwrap().into());
    let grid = GridPath::new(DynRect { rows: 4, columns: 5 }, Neighbours::Eight).unwrap();
    check("path of infinite scores", grid.into());
}

/// Races without the sums θ + εZ, against them: ties, contenders that can never win, and scores so large that the race doubts
/// one sample in a hundred, one in ten, or does not start.
#[test]
fn races_in_lanes() {
    fn check<T: Real>(samples: u32) {
        for (offset, spread) in
            [(0.0, 0.0), (0.0, 1.0), (-3.0, 300.0), (700.0, 1.0), (3500.0, 2.0), (1e5, 1.0)]
        {
            for dim in [1, 2, 3, 10, 77] {
                let place = |i: usize| ((i * 37 + 11) % (dim / 2 + 2)) as f64 / dim as f64;
                let theta: Vec<T> = (0..dim).map(|i| T::from_f64(offset + spread * place(i))).collect();
                let layer = Perturbed::new(Simplex::new(Dyn(dim)).unwrap(), Gumbel, T::ONE).unwrap();
                same_at_every_width(&format!("race {} {offset} {spread} {dim}", T::NAME), || {
                    bits(&layer.maximizer(&theta, MonteCarlo::new(samples, Seed(3))).unwrap()).collect()
                });
            }
        }
    }
    check::<f32>(100_000);
    check::<f64>(1_000);
    // Sums that overflow.
    let simplex = Simplex::new(Dyn(20)).unwrap();
    let theta: Vec<f32> = (0..20).map(|i| if i % 3 == 0 { f32::MAX } else { -f32::MAX }).collect();
    for (epsilon, theta) in [(1e38f32, &theta), (f32::MAX, &vec![0.0; 20]), (1e37, &scores(20))] {
        let layer = Perturbed::new(AnyOracle::from(simplex), AnyNoise::Gumbel, epsilon).unwrap();
        same_at_every_width("race of infinite scores", || estimates(&layer, theta));
    }
}

/// Entry i of lane l is what generator l draws for entry i, for odd and even numbers of entries.
#[test]
fn noises_in_lanes() {
    fn check<T: Real, N: Noise<T>>(noise: N) {
        let seeds = core::array::from_fn(|lane| Seed(4).fold(lane as u64));
        for dim in [1, 2, 33] {
            same_at_every_width(noise.name(), || {
                let mut rows = vec![[T::ZERO; LANES]; dim];
                let mut streams = Streams::new(&seeds, &[7; LANES]);
                let task = NoiseGroup::Fill { streams: &mut streams, z: &mut rows };
                assert!(noise.group(task));
                let mut column = Dyn(dim).array(T::ZERO);
                for (lane, seed) in seeds.iter().enumerate() {
                    noise.fill(&mut seed.stream(7), &mut column);
                    assert!(rows.iter().zip(&column).all(|(row, &want)| row[lane] == want));
                }
                bits(rows.as_flattened()).collect()
            });
        }
    }
    check::<f32, _>(Gumbel);
    check::<f32, _>(Normal);
    check::<f32, _>(Laplace);
    check::<f32, _>(Logistic);
    check::<f64, _>(Gumbel);
    check::<f64, _>(Normal);
    check::<f64, _>(Laplace);
    check::<f64, _>(Logistic);
}
