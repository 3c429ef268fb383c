//! Frames and expressions.

use std::path::Path;

use super::*;
use crate::data::table::{Format, parse_table};

fn frame(text: &str, names: &[&str]) -> Result<Frame, DataError> {
    parse_table(Path::new("t.csv"), text.as_bytes(), Format::default(), |table| table.frame(names))
}

fn numbers(text: &str, expression: &str) -> Vec<f64> {
    let expression = Expression::parse(expression).unwrap();
    let frame = frame(text, &expression.columns()).unwrap();
    expression.numbers(&frame, 0..frame.len()).unwrap()
}

const TABLE: &str = "x,y,mode,in vehicle\n2,3,air,10\n-1,0,car,NA\n4,8,,30\n";

#[test]
fn operators_bind_as_in_mathematics() {
    for (text, expected) in [
        ("2 + 3 * 4", 14.0),
        ("(2 + 3) * 4", 20.0),
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("2^-1", 0.5),
        ("8 / 4 / 2", 1.0),
        ("8 - 4 - 2", 2.0),
        ("1 + 2 < 4 && 2 == 2 || 0", 1.0),
        ("!0 + !3", 1.0),
        ("!(1 > 2)", 1.0),
        ("1.5e1 - .5", 14.5),
        ("max(1, 2) * min(3, 4)", 6.0),
        ("if(2 > 1, 5, 7)", 5.0),
        ("abs(-3) + sqrt(16) + ln(exp(2)) + log1p(0)", 9.0),
        ("'a' == \"a\"", 1.0),
        ("'a' != 'a'", 0.0),
        ("- - 3", 3.0),
        ("1 != 2", 1.0),
        ("3 >= 3 && 3 <= 3", 1.0),
    ] {
        assert_eq!(numbers("z\n0\n", &format!("z + ({text})")), [expected], "{text}");
    }
}

#[test]
fn columns_are_numbers_or_texts() {
    assert_eq!(numbers(TABLE, "x * y + 1"), [7.0, 1.0, 33.0]);
    let air = numbers(TABLE, "mode == 'air'");
    assert!(air[..2] == [1.0, 0.0] && air[2].is_nan());
    assert_eq!(numbers(TABLE, "missing(mode) || mode != 'car'"), [1.0, 0.0, 1.0]);
    let ride = numbers(TABLE, "`in vehicle` / 10");
    assert!(ride[0] == 1.0 && ride[1].is_nan() && ride[2] == 3.0);
    // What is known decides alone, and a value that is not taken is not looked at.
    assert_eq!(numbers(TABLE, "`in vehicle` > 5 && x > 0"), [1.0, 0.0, 1.0]);
    assert_eq!(numbers(TABLE, "if(x < 0, 0, `in vehicle`)"), [10.0, 0.0, 30.0]);
    assert_eq!(numbers("a,b\nx,x\ny,x\n", "a == b"), [1.0, 0.0]);
}

#[test]
fn what_is_no_expression_is_refused() {
    for text in ["", "x +", "(x", "x y", "1 < 2 < 3", "'a", "x = 1", "`a", "x)", "5x", "&& x"] {
        let error = Expression::parse(text).unwrap_err().to_string();
        assert!(error.starts_with("expression: expected an expression such as"), "{text}: {error}");
    }
    assert!(Expression::parse(&"(".repeat(100_000)).unwrap_err().to_string().contains("at most 1000"));
    assert!(Expression::parse(&format!("{}1{}", "(".repeat(499), ")".repeat(499))).is_ok());
    assert!(Expression::parse(&format!("{}1", "-".repeat(999))).is_ok());
    for long in [
        "(".repeat(2000) + "x" + &")".repeat(2000),
        "!".repeat(100_000) + "x",
        "x".to_owned() + &"^1".repeat(20_000),
    ] {
        assert!(Expression::parse_list(&long).unwrap_err().to_string().contains("at most 1000"));
    }
    let of = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        let frame = frame(TABLE, &["x", "mode"]).unwrap();
        expression.numbers(&frame, 0..3).unwrap_err().to_string()
    };
    let cell = |expected: &str| {
        format!(
            "t.csv, line 2, column 3: expected in `mode` {expected}, found `air`; a comparison such as mode == 'air' makes a number of a text"
        )
    };
    assert_eq!(of("mode"), cell("a number"));
    assert_eq!(of("mode + 1"), cell("a number for +"));
    assert_eq!(of("2 + mode"), cell("a number for +"));
    assert_eq!(of("mode == 1"), cell("a number, with which == compares it"));
    assert_eq!(
        of("x == 'a'"),
        "t.csv, line 2, column 1: expected in `x` a text, with which == compares it, found `2`"
    );
    assert_eq!(of("if(1, mode, 2)"), cell("a number for if"));
    assert_eq!(
        of("1 == 'a'"),
        "expression: expected two numbers or two texts beside ==, found a number and a text"
    );
    assert_eq!(of("zz"), "t.csv, line 1: expected a column named `zz`, found mode, x");
    assert_eq!(of("ln(mode)"), cell("a number for ln"));
    assert_eq!(of("ln('a')"), "expression: expected numbers for ln, found a text");
}

#[test]
fn cells_that_are_no_numbers_are_placed() {
    let table = "g,x\n1,2\n1,oops\n1,NA\n";
    let frame = frame(table, &["g", "x"]).unwrap();
    let of = |text: &str| Expression::parse(text).unwrap().numbers(&frame, 0..1).unwrap_err().to_string();
    assert_eq!(of("g * x"), "t.csv, line 3, column 2: expected in `x` a number for *, found `oops`");
    // By option, in the column of the option.
    let text = "A.t,B.t,age\n1,2,3\n4,oops,6\n";
    let by_option = ByOption::new(vec!["A".into(), "B".into()], "{option}.{column}", "mode").unwrap();
    let long = parse_table(Path::new("t.csv"), text.as_bytes(), Format::default(), |table| {
        by_option.lengthen(&table.frame(&["A.t", "B.t"])?, &["t"])
    })
    .unwrap();
    let error = Expression::parse("-t").unwrap().numbers(&long, 0..4).unwrap_err().to_string();
    assert_eq!(error, "t.csv, line 3, column 2: expected in `t` a number for -, found `oops`");
}

#[test]
fn functions_that_there_are_not_are_told_from_those_that_there_are() {
    let of = |text: &str| Expression::parse(text).unwrap_err().to_string();
    let all = "expression: expected a function: abs, exp, if, ln, log1p, max, min, missing, sqrt, found";
    assert_eq!(of("2 * (log(x) + 1)"), format!("{all} `log`; did you mean ln?"));
    assert_eq!(of("if(x > 1, sqr(x), 2)"), format!("{all} `sqr`; did you mean sqrt?"));
    assert_eq!(of("tangent (x)"), format!("{all} `tangent`"));
    assert_eq!(of("mode == 'log(x)' + is_na(x)"), format!("{all} `is_na`; did you mean missing?"));
    assert_eq!(of("1 + min(x)"), "expression: expected 2 values in the parentheses of min, found `(x)`");
    assert_eq!(of("ln(x, 2)"), "expression: expected 1 value in the parentheses of ln, found `(x, 2)`");
    // Of a call that is none, the innermost.
    assert_eq!(
        of("if(x, max(1), 2)"),
        "expression: expected 2 values in the parentheses of max, found `(1), 2)`"
    );
    assert!(of("x (y)").starts_with("expression: expected a function"));
}

#[test]
fn expressions_are_kept_as_they_are_written() {
    for text in ["x + 1", "`in vehicle`", "mode == 'a\"b'", "if(x, y, 1)"] {
        let json = serde_json::to_string(&Expression::parse(text).unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<Expression>(&json).unwrap(), Expression::parse(text).unwrap());
    }
    let product = Expression::column("in vehicle").times(&Expression::indicator("mode", "it's"));
    assert_eq!(product, Expression::parse(&product.to_string()).unwrap());
    assert_eq!(product.to_string(), "(`in vehicle`) * (mode == \"it's\")");
    let list = Expression::parse_list(" a , b c = x / 2 ");
    assert!(list.is_err());
    assert_eq!(Expression::parse_list("a == ',', max(b, c)").unwrap().len(), 2);
    let list = Expression::parse_list("a,`b c` = x / 2, d == 1").unwrap();
    let names: Vec<&str> = list.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b c", "d == 1"]);
}

/// Names of more than 15 digits stay apart.
#[test]
fn large_whole_numbers_are_names() {
    let frame =
        frame("id,x\n9007199254740993,1e20\n1000000000000000000000000000001,2\n", &["id", "x"]).unwrap();
    assert_eq!(frame.column("id").unwrap().shown(0).unwrap(), "9007199254740993");
    assert_eq!(frame.column("x").unwrap(), &Column::Numbers(vec![1e20, 2.0]));
}

#[test]
fn columns_by_option_become_rows() {
    let text = "A.t,B.t,B.c,age,who\n1,2,x,30,me\n3,,y,40,you\n";
    let by_option = ByOption::new(vec!["A".into(), "B".into()], "{option}.{column}", "mode").unwrap();
    let wanted = ["t", "c", "age", "who", "mode", "mode.number"];
    let long = parse_table(Path::new("t.csv"), text.as_bytes(), Format::default(), |table| {
        let sources = by_option.sources(&wanted, |name| table.has(name));
        assert_eq!(sources, ["A.t", "B.c", "B.t", "age", "who"]);
        by_option.lengthen(&table.frame(&sources.iter().map(String::as_str).collect::<Vec<_>>())?, &wanted)
    })
    .unwrap();
    let shown = |name: &str| {
        (0..4).map(|row| long.column(name).unwrap().shown(row).unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(shown("t"), ["1", "2", "3", ""]);
    assert_eq!(shown("c"), ["", "x", "", "y"]);
    assert_eq!(shown("who"), ["me", "me", "you", "you"]);
    assert_eq!(
        (shown("mode"), shown("mode.number")),
        (["A", "B", "A", "B"].map(String::from).to_vec(), ["1", "2", "1", "2"].map(String::from).to_vec())
    );
    assert!(by_option.varies(&long, "t") && !by_option.varies(&long, "age"));
    assert!(long.fault(3, "x", "y").to_string().starts_with("t.csv, line 3:"));
    let refused = |options: &[&str], pattern| {
        ByOption::new(options.iter().map(|&name| name.into()).collect(), pattern, "mode")
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refused(&["A"], ByOption::PATTERN), "options: expected at least 2 names, found 1");
    assert_eq!(refused(&["A", "A"], ByOption::PATTERN), "options: expected each name once, found `A` twice");
    // Also where it is read from a model.
    let none = r#"{"options":[],"pattern":"{option}_{column}","name":"mode"}"#;
    assert!(serde_json::from_str::<ByOption>(none).unwrap_err().to_string().contains("at least 2 names"));
    let json = serde_json::to_string(&by_option).unwrap();
    assert_eq!(serde_json::from_str::<ByOption>(&json).unwrap(), by_option);
    assert_eq!(refused(&["A", "B"], "{option}"), "pattern: expected {column} once, found `{option}`");
}

#[test]
fn files_are_joined_without_their_groups() {
    let one = frame("g,x\na,1\nb,2\n", &["g", "x"]).unwrap();
    let all = Frame::join(vec![one.clone(), one], Some("g")).unwrap();
    let shown: Vec<_> = (0..4).map(|row| all.column("g").unwrap().shown(row).unwrap()).collect();
    assert_eq!(shown, ["a", "b", "a (2)", "b (2)"]);
    assert_eq!(all.column("x").unwrap(), &Column::Numbers(vec![1.0, 2.0, 1.0, 2.0]));
}
