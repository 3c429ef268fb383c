//! The oracles of the list as layers that are chosen at run time have them.

use perturb::{AnyOracle, AnyReal, Error, Oracle, OracleSpec};
use perturb_tests::layers::{EDGES, Visitor};

/// The floor of costs where nothing else is asked for: relative.
const FLOOR: f64 = 0.0;

/// An oracle of the list as a value; `None` for one that has none.
fn spec(name: &str) -> Option<OracleSpec> {
    let (nodes, edges, source, sink, floor) = (5, EDGES.to_vec(), 0, 4, Some(FLOOR));
    let grid = |diagonal| OracleSpec::GridPath {
        rows: 3,
        columns: 3,
        diagonal,
        start: (0, 0),
        goal: (2, 2),
        floor: Some(FLOOR),
    };
    let assignment = |rows, columns, warm_start| OracleSpec::Assignment { rows, columns, warm_start };
    Some(match name {
        "simplex" => OracleSpec::Simplex { dim: 5 },
        "top-k" => OracleSpec::TopK { dim: 5, k: 2 },
        "hypercube" => OracleSpec::Hypercube { dim: 3, sign: true },
        "ranking" => OracleSpec::Ranking { reference: (1..=9).rev().map(f64::from).collect() },
        "group top-k" => {
            OracleSpec::GroupTopK { groups: vec![0, 1, 2, 0, 1, 2, 0, 1, 2], limits: vec![1, 2, 1], k: 3 }
        }
        "binary hypercube" => OracleSpec::Hypercube { dim: 5, sign: false },
        "uneven ranking" => OracleSpec::Ranking { reference: vec![9.0, 4.0, 1.0, 0.0, -2.5] },
        "tour" => OracleSpec::Tour { cities: 5, sweeps: 10 },
        "grid path" => grid(true),
        "grid path by four" => grid(false),
        "shortest path" => OracleSpec::ShortestPath { nodes, edges, source, sink, floor },
        "dag path" => OracleSpec::DagPath { nodes, edges, source, sink },
        "spanning tree" => OracleSpec::SpanningTree { nodes, edges, labels: vec![None; 9] },
        "assignment" => assignment(3, 3, false),
        "warm assignment" => assignment(3, 3, true),
        "wide assignment" => assignment(2, 4, false),
        "knapsack" => OracleSpec::Knapsack { weights: vec![3, 5, 2, 4, 1, 6, 3, 2, 5], capacity: 12 },
        "flow" => OracleSpec::Flow { nodes, edges, source, sink, units: 2 },
        "black box" | "offset black box" => return None,
        _ => panic!("no value describes the oracle {name} of the list"),
    })
}

/// The oracle `name` of the list, from the value that describes it, written to text and read back.
pub(crate) fn described<T: AnyReal>(name: &str) -> Option<Result<AnyOracle<T>, Error>> {
    let spec = spec(name)?;
    let text = serde_json::to_string(&spec).unwrap();
    let read: OracleSpec = serde_json::from_str(&text).unwrap();
    assert_eq!(read, spec, "{text}");
    let oracle = AnyOracle::new(&read);
    assert_eq!(oracle.as_ref().map(AnyOracle::spec), Ok(Some(spec)), "{name}");
    Some(oracle)
}

/// Shows each oracle of the list as an [`AnyOracle`]: from the value that describes it; one that none describes, behind a
/// pointer.
pub(crate) struct AsAny<'v, V>(pub(crate) &'v mut V);

impl<T: AnyReal, V: Visitor<T>> Visitor<T> for AsAny<'_, V> {
    fn visit<O>(&mut self, name: &str, oracle: Result<O, Error>, theta: &[T])
    where
        O: Oracle<T, Work: 'static> + Clone + Send + Sync + 'static,
    {
        let any = described(name).unwrap_or_else(|| oracle.map(AnyOracle::custom));
        self.0.visit(name, any, theta);
    }
}

/// What was written when the floor was 2⁻¹⁰ keeps it.
#[test]
fn floors_of_before_are_read() {
    use perturb::oracle::NegativeCost;
    let old = r#"{"shortest-path":{"nodes":2,"edges":[[0,1]],"source":0,"sink":1,"floor":0.0009765625}}"#;
    let spec: OracleSpec = serde_json::from_str(old).unwrap();
    assert_eq!(AnyOracle::<f64>::new(&spec).unwrap().spec(), Some(spec));
    let graph = perturb::Graph::new(perturb::Dyn(2), perturb::Dyn(1), &[(0, 1)]).unwrap();
    let path = perturb::ShortestPath::<f64, _, _>::new(graph, 0, 1).unwrap();
    let floored = path.clone().with_negative_costs(NegativeCost::Floor(1.0 / 1024.0)).unwrap();
    assert_eq!(serde_json::to_string(&AnyOracle::from(floored).spec()).unwrap(), old);
    let relative = serde_json::to_string(&AnyOracle::from(path).spec()).unwrap();
    assert!(relative.ends_with(r#""floor":0.0}}"#), "{relative}");
}
