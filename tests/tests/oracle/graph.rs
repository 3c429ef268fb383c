//! Graphs, of which the oracles over edges are made.

use perturb::{Const, Error, Graph};

#[test]
fn constructors_refuse_what_does_not_fit() {
    let (three, two) = (Const::<3>, Const::<2>);
    let refused = Graph::new(three, two, &[(0, 1), (1, 3)]).unwrap_err();
    assert_eq!(refused, Error::Graph { index: 1, because: "an edge names a node that is not there" });
    assert!(matches!(Graph::new(three, two, &[(0, 1), (2, 2)]), Err(Error::Graph { index: 1, .. })));
    assert!(matches!(Graph::new(three, two, &[(0, 1)]), Err(Error::Length { expected: 2, found: 1, .. })));
}
