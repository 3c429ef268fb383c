//! How do I pick k with a limit for each group?
//!
//! A front page takes four of ten articles, at most two from a section. It learns from an editor which articles fit the hour
//! of the day.

use perturb::{Affine, Const, Error, GroupTopK, Noise, Normal, Perturbed, Seed};

const ARTICLES: usize = 10;
const SECTIONS: [u32; ARTICLES] = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2];
const LIMITS: [u32; 3] = [2, 2, 2];

/// How late it is, and whether it is a weekend.
fn moment(tick: u64) -> [f32; 2] {
    [(tick % 24) as f32 / 12.0 - 1.0, if tick % 7 < 2 { 1.0 } else { -1.0 }]
}

fn main() -> Result<(), Error> {
    let oracle = GroupTopK::new(Const::<ARTICLES>, Const::<3>, &SECTIONS, &LIMITS, 4)?;
    let layer = Perturbed::new(oracle, Normal, 0.3f32)?;
    let mut editor = Affine::<f32, 2, ARTICLES>::zeros();
    Normal.fill(&mut Seed(1).stream(0), editor.weights.as_mut_slice());

    let mut model = Affine::<f32, 2, ARTICLES>::zeros();
    for tick in 0..3000 {
        let x = moment(tick);
        let (_, picked) = layer.decide(&editor.scores(&x)?)?;
        model.step(&layer, &x, &picked, 0.05, Seed(2).fold(tick))?;
    }

    let mut same = 0;
    for tick in 0..168 {
        let x = moment(tick);
        let (_, picked) = layer.decide(&model.scores(&x)?)?;
        for (section, limit) in (0..).zip(LIMITS) {
            let taken = picked.iter().zip(SECTIONS).filter(|&(&y, other)| y == 1.0 && other == section);
            assert!(taken.count() <= limit as usize);
        }
        same += usize::from(picked == layer.decide(&editor.scores(&x)?)?.1);
    }
    println!("{same} of 168 front pages are the editor's, and no section has more than its share");
    assert!(same > 120);
    Ok(())
}
