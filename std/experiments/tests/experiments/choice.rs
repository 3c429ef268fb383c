//! Choices and rankings in the small.

#![allow(clippy::format_push_string, reason = "tables are written row by row")]

use std::path::Path;

use perturb::Seed;
use perturb::data::frame::{Columns, Expression, svmlight};
use perturb::decisions::{Decide, Decisions, Recipe, Target, Utility};
use perturb_experiments::Journal;
use perturb_experiments::choice::{Set, Setting, csv};

/// Queries of six documents; grades follow x.
fn queries(count: u32) -> Decisions {
    let mut text = String::new();
    for query in 0..count {
        for document in 0..6u32 {
            let of = |a: u32, b: u32, c: u32| f64::from((query * a + document * b) % c) / f64::from(c);
            let (x, y) = (of(7, 5, 11), of(3, 8, 13));
            text += &format!("{} qid:{query} 1:{x} 2:{y}\n", (3.0 * x + of(11, 7, 19)) as u32);
        }
    }
    let queries = svmlight::parse(Path::new("q.txt"), text.as_bytes()).unwrap();
    let target = Target::Grade(Expression::column("grade"));
    let mut recipe = Recipe::new(Decide::Rank).with_group("qid").with_target(target);
    let frame = queries.frame(&["grade", "qid", "f1", "f2"]).unwrap();
    recipe.terms = Utility::new("f1, f2").unwrap().terms(&recipe, &frame, None).unwrap();
    recipe.read(&frame).unwrap()
}

/// Each query is judged once, by models that rank those well which they have not seen, and by none that is better than what they know.
#[test]
fn every_query_is_judged_once() {
    let setting = Setting { ridges: vec![0.01, 1.0], folds: 4, seed: Seed(3) };
    let data = queries(30);
    let found = setting.run(&[], Some(&data), &Journal::new(&())).unwrap();
    assert_eq!(found.ranked.iter().map(|fold| fold.queries.len()).collect::<Vec<_>>(), [8, 8, 7, 7]);
    assert!(found.ranked.iter().all(|fold| setting.ridges.contains(&fold.ridge)));
    let all: Vec<f64> = found.ranked.iter().flat_map(|fold| &fold.queries).map(|query| query[0][0]).collect();
    let mean = all.iter().sum::<f64>() / 30.0;
    assert!(mean > 0.9 && all.iter().all(|ndcg| (0.0..=1.0 + 1e-12).contains(ndcg)), "{mean}");
    assert_eq!(setting.fits(0, true), 4 * (2 * 4 + 1));
    assert_eq!(csv(&found).lines().count(), 1 + 30 * 2 * 3);
}

/// What the sets' recipes need is in files with their columns, and the reference is left out.
#[test]
fn sets_read_their_columns() {
    let tables = [
        "traveller,mode,chosen,ttme,gc,hinc\n1,air,0,60,70,35\n1,car,1,0,30,35\n",
        "case,alt,choice,cost,ivt,ovt,freq,income,noalt\n1,air,0,9,8,7,6,5,4\n1,car,1,1,2,3,4,5,4\n2,car,1,1,2,3,4,5,2\n",
        "situation,person,alternative,chosen,time,cost\n1,1,swissmetro,1,100,50\n1,1,car,0,200,25\n",
    ];
    let expected: [&[f64]; 3] = [
        &[1.0, 70.0, 60.0, 35.0, 0.0, 30.0, 0.0, 0.0],
        &[1.0, 9.0, 6.0, 8.0, 7.0, 5.0, 0.0, 1.0, 4.0, 2.0, 3.0, 0.0],
        &[0.0, 1.0, 0.5, 1.0, 2.0, 0.25],
    ];
    for ((set, table), expected) in Set::ALL.into_iter().zip(tables).zip(expected) {
        let data = set.read(Path::new(set.file()), table.as_bytes()).unwrap();
        assert_eq!((data.len(), data.features(0)), (1, expected), "{}", set.name());
        assert!(data.terms().iter().any(|term| term == set.price()));
        assert!(
            data.alternatives(0) == [0, 1] && data.clusters().len() == usize::from(set == Set::Swissmetro)
        );
    }
    for set in Set::ALL {
        for probit in [false, true] {
            let figures = set.figures(probit);
            let sizes = [figures.model, figures.robust, figures.clustered].map(<[f64]>::len);
            assert!(sizes.iter().all(|&size| size == 0 || size == figures.weights.len()));
        }
    }
}
