//! The first draws of each noise as exact bits. A change is *Value-breaking*.

use perturb::{Gumbel, Laplace, Logistic, Noise, Normal, Real, Seed};

/// The first three draws of stream 0 of seed 42, as a vector of three.
fn first<T: Real>(noise: impl Noise<T>) -> [T; 3] {
    let mut z = [T::ZERO; 3];
    noise.fill(&mut Seed(42).stream(0), &mut z);
    z
}

#[test]
fn single_precision_draws_have_golden_bits() {
    let found = [first(Gumbel), first(Normal), first(Logistic), first(Laplace)].map(|z| z.map(f32::to_bits));
    let golden = [
        [0x3ECC_3DA1, 0xBD5C_F395, 0xBF20_2612],
        [0x3E47_F584, 0x3F92_2A54, 0xBFA2_5BFF],
        [0x3D37_0B10, 0xBF20_AD62, 0xBFD9_D57D],
        [0xBF2B_CA1B, 0x3FEF_4642, 0x3E94_6667],
    ];
    assert_eq!(found, golden, "{found:#010X?}");
}

#[test]
fn double_precision_draws_have_golden_bits() {
    let found = [first(Gumbel), first(Normal), first(Logistic), first(Laplace)].map(|z| z.map(f64::to_bits));
    let golden = [
        [0xBFAB_9E72_BD8C_1DBF, 0x3FF4_C657_ADB7_6E98, 0x3FE7_D1F9_F2AB_443F],
        [0xBFEE_7FC8_52FA_5408, 0xBFF1_8B86_C04E_EF7F, 0x3FEC_1A39_95EB_0D1C],
        [0xBFE4_15AC_367F_49D0, 0x3FF2_8A9B_CBF7_8176, 0x3FDF_D6C4_C496_FC91],
        [0xBFF0_E305_00D5_7EF7, 0x3FD2_8CCC_AC20_40EB, 0xBFFA_0A37_626A_9C15],
    ];
    assert_eq!(found, golden, "{found:#018X?}");
}

/// `sample` is the first draw of `fill`, and a longer vector starts with the shorter one's pairs.
#[test]
fn sample_is_the_first_draw() {
    fn check<T: Real>(noise: impl Noise<T>) {
        let mut z = [T::ZERO; 6];
        noise.fill(&mut Seed(42).stream(7), &mut z);
        assert_eq!(noise.sample(&mut Seed(42).stream(7)), z[0]);
        let mut pair = [T::ZERO; 2];
        noise.fill(&mut Seed(42).stream(7), &mut pair);
        assert_eq!(pair, z[..2]);
    }
    check::<f32>(Gumbel);
    check::<f64>(Gumbel);
    check::<f32>(Normal);
    check::<f64>(Normal);
    check::<f32>(Logistic);
    check::<f64>(Logistic);
    check::<f32>(Laplace);
    check::<f64>(Laplace);
}
