//! What cannot be decided, or cannot have been chosen, is told while the table is read, by its line and its decision.

use perturb::data::frame::{Columns, Expression};
use perturb::data::table::{Format, parse_table};
use perturb::decisions::{Decide, Edges, Recipe, Target, Utility};

fn pair(a: &str, b: &str) -> (String, String) {
    (a.into(), b.into())
}

/// The refusal of a decision `b` of these rows, behind a sound one of others, with columns `a,b,chosen`.
fn refusal(decide: &Decide, sound: &str, rows: &str) -> String {
    let row = |group: &str, row: &str| format!("{group},{row}\n");
    let rows: String =
        sound.split(' ').map(|of| row("a", of)).chain(rows.split(' ').map(|of| row("b", of))).collect();
    let text = format!("group,i,j,chosen\n{rows}");
    let mut recipe = Recipe::new(decide.clone()).with_group("group");
    recipe.target = Some(Target::Chosen(Expression::column("chosen")));
    let frame = parse_table("t.csv".as_ref(), text.as_bytes(), Format::default(), |table| {
        table.frame(&["group", "i", "j", "chosen"])
    })
    .unwrap();
    recipe.terms = Utility::new("x = 1").unwrap().terms(&recipe, &frame, None).unwrap();
    recipe.read(&frame).unwrap_err().to_string()
}

#[test]
fn decisions_that_cannot_be_made_are_told_while_reading() {
    let edges =
        |ends: Option<(&str, &str)>| Edges { columns: pair("i", "j"), ends: ends.map(|(a, b)| pair(a, b)) };
    let (span, tour) = (Decide::Span { edges: pair("i", "j") }, Decide::Tour { legs: pair("i", "j") });
    let route = Decide::Route(edges(Some(("s", "t"))));
    let cells = Decide::Cells { at: pair("i", "j"), diagonal: false };
    let assign = Decide::Assign { pairs: pair("i", "j") };
    let flow = Decide::Flow { edges: edges(Some(("s", "t"))), units: 2 };
    let (tree, path, both) = ("p,q,1 q,r,1", "s,p,1 p,t,1", "s,p,1 s,q,1 p,t,1 q,t,1");
    let six: Vec<String> = (0..6)
        .flat_map(|i| (i + 1..6).map(move |j| (i, j)))
        .map(|(i, j)| format!("{i},{j},{}", u8::from(i / 3 == j / 3)))
        .collect();
    let square = "0,0,1 0,1,1 1,0,0 1,1,1";
    for (decide, sound, rows, expected) in [
        // No decision can be made.
        (
            &span,
            tree,
            "p,q,1 u,v,1",
            "line 4: expected a tree, which can be made, in the decision `b`, found a node is not connected to `p`: `u`",
        ),
        (
            &route,
            path,
            "s,p,1 q,t,1",
            "line 4: expected a route, which can be made, in the decision `b`, found no path reaches the sink",
        ),
        (&route, path, "s,p,1 p,q,1", "line 4: expected a node named `t` in the decision `b`, found s, p, q"),
        (
            &cells,
            square,
            "0,0,1 0,1,1 1,1,0 2,0,0 2,2,1",
            "line 6: expected a route over cells, which can be made, in the decision `b`",
        ),
        (
            &assign,
            "u,x,1 u,y,0 v,x,0 v,y,1",
            "u,x,1 v,x,0 w,y,1 w,z,0",
            "line 6: expected an assignment, which can be made, in the decision `b`",
        ),
        (&flow, both, "s,p,1 p,t,1", "line 6: expected a flow, which can be made, in the decision `b`"),
        (
            &tour,
            "a,b,1 b,c,1 a,c,1",
            "a,b,1 b,c,1",
            "line 5: expected a leg between any two of 3 cities in the decision `b`, found 2 legs",
        ),
        // What was chosen is none.
        (
            &span,
            tree,
            "p,q,1 q,r,1 p,r,1",
            "line 4: expected a tree of what was chosen in the decision `b`, found edges that close a circle",
        ),
        (&span, tree, "p,q,1 q,r,0 p,r,0", "line 4: expected a tree of what was chosen"),
        (
            &route,
            path,
            "s,p,1 p,t,1 s,t,1",
            "line 4: expected a route of what was chosen in the decision `b`, found edges that do not lead",
        ),
        (&route, path, "s,t,1 p,q,1 q,p,1", "line 4: expected a route of what was chosen"),
        (&cells, square, "0,0,1 0,1,0 1,0,0 1,1,1", "line 6: expected a route over cells of what was chosen"),
        (
            &assign,
            "u,x,1 u,y,0 v,x,0 v,y,1",
            "u,x,1 u,y,0 v,x,1 v,y,0",
            "line 6: expected an assignment of what was chosen in the decision `b`, found pairs",
        ),
        (&flow, both, "s,p,1 s,q,0 p,t,1 q,t,0", "line 6: expected a flow of what was chosen"),
        (
            &tour,
            "a,b,1 b,c,1 a,c,1",
            &six.join(" "),
            "line 5: expected a tour of what was chosen in the decision `b`, found legs that are not one round",
        ),
    ] {
        let error = refusal(decide, sound, rows);
        assert!(error.starts_with(&format!("t.csv, {expected}")), "{decide:?}: {error}");
    }
}

#[test]
fn picks_of_nothing_say_what_columns_hold() {
    let error = refusal(&Decide::Pick, "0,0,1 0,1,0", "0,0,0 0,1,0");
    assert_eq!(
        error,
        "t.csv, line 4: expected one chosen option in the decision `b`, found none (`chosen` is 0); \
         a condition such as available may leave it out"
    );
}

/// Whole numbers that are few have constants, in their order.
#[test]
fn codes_have_constants() {
    let text = "group,zone,share,chosen\n1,10,0.5,1\n1,9,1,0\n2,9,2,1\n2,-1,3,0\n";
    let frame = parse_table("t.csv".as_ref(), text.as_bytes(), Format::default(), |table| {
        table.frame(&["group", "zone", "share", "chosen"])
    })
    .unwrap();
    let recipe = Recipe::new(Decide::Pick)
        .with_group("group")
        .with_target(Target::Chosen(Expression::column("chosen")));
    let of = |column: &str, reference: Option<&str>| {
        let terms = Utility::default().with_constants(column).terms(&recipe, &frame, reference);
        terms.map(|terms| terms.into_iter().map(|(name, of)| (name, of.to_string())).collect::<Vec<_>>())
    };
    let named = |names: [(&str, &str); 2]| names.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
    assert_eq!(of("zone", None).unwrap(), named([("zone=9", "zone == 9"), ("zone=10", "zone == 10")]));
    assert_eq!(of("zone", Some("9")).unwrap(), named([("zone=-1", "zone == -1"), ("zone=10", "zone == 10")]));
    assert_eq!(
        of("zone", Some("8")).unwrap_err().to_string(),
        "reference: expected one of -1, 10, 9, found `8`"
    );
    assert_eq!(
        of("share", None).unwrap_err().to_string(),
        "t.csv, line 2, column 3: expected in `share` a text or a whole number, each of which has a constant, found 0.5"
    );
    let utility = |column: &str| Utility::default().with_interaction("share", column).unwrap();
    assert_eq!(
        utility("zone=7").terms(&recipe, &frame, None).unwrap_err().to_string(),
        "interactions: expected one of -1, 9, 10 in `zone`, found `7`"
    );
    let mut one = recipe.clone();
    one.terms = utility("zone=9").terms(&recipe, &frame, None).unwrap();
    assert_eq!(one.read(&frame).unwrap().features(1), [2.0, 0.0]);
}
