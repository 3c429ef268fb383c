//! Models as source code, for firmware that reads no files.

use std::fmt::Write;

use perturb_core::model_file;

use crate::data::frame::Formulas;

use super::{ModelFile, ModelFileError, ModelHeader, OracleKind, invalid};

impl ModelFile {
    /// The model file without its centres and metadata, what a device stores: 36 + 4(d + 1)k bytes, 8 more of a top-k, and 44 + 4d of
    /// shared weights. Who uses it subtracts the centres from x, if there are any. Refuses an oracle that only the metadata describe,
    /// as all exports do.
    pub fn to_bare_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        if self.oracle == OracleKind::Other {
            return Err(invalid("oracle", "ranking, simplex, hypercube or top-k", self.oracle.name()));
        }
        let bytes = self.to_bytes()?;
        let header = ModelHeader { centred: false, metadata: 0, ..ModelHeader::parse(&bytes)? };
        let mut bare = vec![0; header.file_length()?];
        model_file::write(header, self.weights.iter().chain(&self.bias).copied(), &mut bare)?;
        Ok(bare)
    }

    /// The model as Rust: a module's constants for its sizes, names and ε, statics for weights, bias and the bare file, which
    /// [`AffineMut::load`](perturb_core::AffineMut::load) takes, and `MODEL`, a view of weights and bias that decides where they
    /// lie ([`AffineRef`](perturb_core::AffineRef)). A model of centred features has `x`, too, which subtracts the centres; one of
    /// shared weights has no `SCORES` and no bias, and its `MODEL` takes the features of all options
    /// ([`SharedRef`](perturb_core::SharedRef)); where it says what its terms are, `Columns`, `terms` and `available` compute them from the
    /// columns of an option, in f32, or in f64 with the bits of the program (powers need the crate libm). A top-k says in `PICKS` how many it picks. The module needs `perturb-core` alone. Every
    /// number keeps its bits.
    ///
    /// ```
    /// # use perturb::model_file::{ModelFile, AnyNoise, OracleKind, Provenance};
    /// let model = ModelFile {
    ///     features: 1,
    ///     scores: 2,
    ///     shared: false,
    ///     weights: vec![0.5, -1.0],
    ///     bias: vec![0.0, 0.25],
    ///     centres: vec![0.0],
    ///     epsilon: 1.0,
    ///     noise: AnyNoise::Normal,
    ///     oracle: OracleKind::Ranking,
    ///     parameter: 0,
    ///     provenance: Provenance::default(),
    /// };
    /// let source = model.to_rust()?;
    /// assert!(source.contains("pub static WEIGHTS: [[f32; SCORES]; FEATURES] = [\n    [0.5, -1.0],\n];"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_rust(&self) -> Result<String, ModelFileError> {
        let file = self.to_bare_bytes()?;
        let mut source = self.origin();
        let (features, scores, epsilon) = (self.features, self.scores, self.epsilon);
        let _ = writeln!(
            source,
            "\n/// The number of features, {}.\npub const FEATURES: usize = {features};",
            if self.shared { "of each option" } else { "the length of x" }
        );
        if !self.shared {
            let _ = writeln!(
                source,
                "/// The number of scores, the length of θ = Wx + b. They are maximised: the best has the largest.\n\
                 pub const SCORES: usize = {scores};"
            );
        }
        if self.oracle == OracleKind::TopK {
            let _ =
                writeln!(source, "/// How many are picked.\npub const PICKS: usize = {};", self.parameter);
        }
        let _ =
            writeln!(source, "/// The temperature of the training.\npub const EPSILON: f32 = {epsilon:?};");
        for (what, size, names) in self.names() {
            let upper = what.to_uppercase();
            let _ = writeln!(
                source,
                "/// The {what}s' names.\npub const {upper}_NAMES: [&str; {size}] = {names:?};"
            );
        }
        self.write_rust_model(&mut source);
        let _ = writeln!(source, "/// The model file.\npub static FILE: [u8; {}] = [", file.len());
        write_bytes(&mut source, &file);
        source.push_str("];\n");
        match self.formulas() {
            None => {}
            Some(Ok(formulas)) => source.push_str(&formulas.to_rust()),
            Some(Err(because)) => _ = writeln!(source, "// No formulas: {because}."),
        }
        Ok(source)
    }

    /// The formulas of the terms, of a model of options that says what they are; or why they have no source.
    fn formulas(&self) -> Option<Result<Formulas<'_>, &'static str>> {
        let recipe = self.provenance.recipe.as_ref().filter(|of| of.terms.len() == self.features)?;
        self.shared.then(|| Formulas::new(&recipe.terms, recipe.available.as_ref()))
    }

    /// Weights, bias and centres, and the view of them.
    fn write_rust_model(&self, source: &mut String) {
        let (weights, decision) = (&self.weights, self.decision());
        if self.shared {
            let _ = write!(
                source,
                "/// w.\n{ALLOW}\npub static WEIGHTS: [f32; FEATURES] = {weights:?};\n\
                 /// θ = Φw are scores to maximise, one an option: y = {decision}.\n{RUST_SHARED}"
            );
            return;
        }
        let _ = writeln!(
            source,
            "/// W, one column of scores a feature.\n{ALLOW}\npub static WEIGHTS: [[f32; SCORES]; FEATURES] = ["
        );
        for column in weights.chunks(self.scores) {
            let _ = writeln!(source, "    {column:?},");
        }
        let _ = writeln!(source, "];\n/// b.\n{ALLOW}\npub static BIAS: [f32; SCORES] = {:?};", self.bias);
        let _ = write!(source, "/// θ are scores to maximise: y = {decision}.\n{RUST_VIEW}");
        if self.is_centred() {
            let _ = writeln!(
                source,
                "/// What is subtracted from the features, before they are rounded to f32.\n\
                 {ALLOW}\npub static CENTRES: [f64; FEATURES] = {:?};\n{RUST_X}",
                self.centres
            );
        }
    }

    /// The model as a C99 header, which is C++ as well and needs no other: `NAME_FEATURES`, `NAME_SCORES`, `NAME_EPSILON`; the
    /// constants `name_weights`, `name_bias`, `name_file`, which `perturb_ranking_load` and similar functions take,
    /// `name_feature_names` and `name_label_names` in UTF-8; the functions `name_scores` and `name_decide`; after `perturb.h` also
    /// `name_view`, which `perturb_ranking_predict` and similar functions take. A model of shared weights has no `NAME_SCORES` and no
    /// bias, and its functions take the number of options and their features; where it says what its terms are, `name_option`,
    /// `name_terms`, `name_available` and `name_choose` decide by the columns of options; a top-k says in `NAME_PICKS` how many it picks. `name` is
    /// an identifier: letters, digits and underscores, no digit first, and not `perturb`. Every number keeps its bits.
    pub fn to_c_header(&self, name: &str) -> Result<String, ModelFileError> {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let starts = name.starts_with(|first: char| !first.is_ascii_digit());
        if !(starts && name.chars().all(letters)) || name == "perturb" {
            let expected =
                "letters, digits and underscores, no digit first, and not perturb, which is the library's";
            return Err(invalid("name", expected, format!("{name:?}")));
        }
        let file = self.to_bare_bytes()?;
        let upper = name.to_ascii_uppercase();
        let mut source = self.origin();
        let _ = write!(source, "\n#ifndef {upper}_MODEL_H\n#define {upper}_MODEL_H\n\n");
        self.write_c_sizes(&mut source, &upper);
        self.write_c_names(&mut source, name);
        self.write_c_model(&mut source, name);
        let _ = writeln!(
            source,
            "// The model file.\nstatic const unsigned char {name}_file[{}] = {{",
            file.len()
        );
        write_bytes(&mut source, &file);
        source.push_str("};\n");
        let functions = if self.shared { self.c_shared_functions() } else { self.c_functions() };
        source.push_str(&functions.replace("NAME", &upper).replace("name", name));
        match self.formulas() {
            None => {}
            Some(Ok(formulas)) => {
                source.push_str(&formulas.to_c(name, &upper));
                let decides = self.c_decides().replace("COUNT", "count");
                let choose = C_CHOOSE.replace("DECIDES", &decides).replace("NAME", &upper);
                source.push_str(&choose.replace("name", name));
            }
            Some(Err(because)) => _ = writeln!(source, "\n// No formulas: {because}."),
        }
        source.push_str("\n#endif\n");
        Ok(source)
    }

    fn write_c_sizes(&self, source: &mut String, upper: &str) {
        let (features, scores, epsilon) = (self.features, self.scores, self.epsilon);
        let of = if self.shared { "of each option" } else { "the length of x" };
        let _ = writeln!(source, "// The number of features, {of}.\n#define {upper}_FEATURES {features}u");
        if !self.shared {
            let _ = writeln!(
                source,
                "// The number of scores, the length of theta = W x + b. They are maximised: the best has the largest.\n\
                 #define {upper}_SCORES {scores}u"
            );
        }
        if self.oracle == OracleKind::TopK {
            let _ = writeln!(source, "// How many are picked.\n#define {upper}_PICKS {}u", self.parameter);
        }
        let _ = writeln!(source, "// The temperature of the training.\n#define {upper}_EPSILON {epsilon:?}f");
    }

    /// Weights, bias and centres.
    fn write_c_model(&self, source: &mut String, name: &str) {
        let (columns, what) =
            if self.shared { (1, "w") } else { (self.scores, "W, one column of scores a feature") };
        let _ =
            writeln!(source, "// {what}.\nstatic const float {name}_weights[{}] = {{", self.weights.len());
        for column in self.weights.chunks(columns) {
            write_floats(source, column);
        }
        source.push_str("};\n");
        if self.shared {
            return;
        }
        let _ = writeln!(source, "// b.\nstatic const float {name}_bias[{}] = {{", self.scores);
        write_floats(source, &self.bias);
        source.push_str("};\n");
        if self.is_centred() {
            let _ = write!(
                source,
                "// What is subtracted from the features, before they are rounded to float. The library takes x[j] - {name}_centres[j].\n\
                 static const double {name}_centres[{}] = {{\n   ",
                self.features
            );
            for c in &self.centres {
                let _ = write!(source, " {c:?},");
            }
            source.push_str("\n};\n");
        }
    }

    fn write_c_names(&self, source: &mut String, name: &str) {
        for (what, _, names) in self.names() {
            let _ = writeln!(
                source,
                "// The {what}s' names, in UTF-8.\nstatic const char *const {name}_{what}_names[{}] = {{",
                names.len()
            );
            for name in names {
                let _ = writeln!(source, "    {},", c_string(name));
            }
            source.push_str("};\n");
        }
    }

    /// What a header in C does with `NAME` and `name`.
    fn c_functions(&self) -> String {
        let (number, x) =
            if self.is_centred() { ("double", "(float)(x[j] - name_centres[j])") } else { ("float", "x[j]") };
        let noise = self.noise.name().to_ascii_uppercase();
        let layer = match self.oracle {
            OracleKind::Simplex => "argmax name_layer = {NAME_SCORES",
            OracleKind::TopK => "top_k name_layer = {NAME_SCORES, NAME_PICKS",
            OracleKind::Ranking => "ranking name_layer = {NAME_SCORES",
            _ => "",
        };
        let layer = match layer {
            "" => String::new(),
            layer => {
                format!("static const perturb_{layer}, PERTURB_NOISE_{noise}, NAME_EPSILON}};\n")
            }
        };
        let decides = self.c_decides().replace("COUNT", "NAME_SCORES");
        let says = self.decision();
        format!(
            "
// theta = W x + b of the features as they are measured. The library's bits unless the compiler fuses products and sums, as
// -ffp-contract=off forbids; nothing is checked.
static inline void name_scores(const {number} x[NAME_FEATURES], float theta[NAME_SCORES])
{{
    for (unsigned i = 0; i < NAME_SCORES; i++) {{
        theta[i] = name_bias[i];
    }}
    for (unsigned j = 0; j < NAME_FEATURES; j++) {{
        const float of_feature = {x};
        for (unsigned i = 0; i < NAME_SCORES; i++) {{
            theta[i] += name_weights[j * NAME_SCORES + i] * of_feature;
        }}
    }}
}}

// y = {says}.
static inline void name_decide(const {number} x[NAME_FEATURES], float y[NAME_SCORES])
{{
    float theta[NAME_SCORES];
    name_scores(x, theta);
    for (unsigned i = 0; i < NAME_SCORES; i++) {{
{decides}    }}
}}

#ifdef PERTURB_H
// For the library, which checks its inputs: weights and bias where they lie.
static const perturb_view name_view = {{name_weights, name_bias, NAME_FEATURES, NAME_SCORES}};
{layer}#endif
"
        )
    }

    /// The same of shared weights.
    fn c_shared_functions(&self) -> String {
        let noise = self.noise.name().to_ascii_uppercase();
        let layer = match self.oracle {
            OracleKind::Simplex => "argmax",
            OracleKind::TopK => "top_k",
            OracleKind::Ranking => "ranking",
            _ => "",
        };
        let picks = if self.oracle == OracleKind::TopK { ", NAME_PICKS" } else { "" };
        let layer = match layer {
            "" => String::new(),
            layer => format!(
                "static inline perturb_{layer} name_layer(unsigned count)
{{
    const perturb_{layer} layer = {{count{picks}, PERTURB_NOISE_{noise}, NAME_EPSILON}};
    return layer;
}}
"
            ),
        };
        let (says, decides) = (self.decision(), self.c_decides().replace("COUNT", "count"));
        format!(
            "
// theta = scores of the `count` options whose features are `options`, NAME_FEATURES numbers for each: they are maximised, the best
// has the largest. The library's bits unless the compiler fuses products and sums, as -ffp-contract=off forbids; nothing is checked.
static inline void name_scores(const float *options, unsigned count, float *theta)
{{
    for (unsigned i = 0; i < count; i++) {{
        theta[i] = 0.0f;
        for (unsigned j = 0; j < NAME_FEATURES; j++) {{
            theta[i] += options[i * NAME_FEATURES + j] * name_weights[j];
        }}
    }}
}}

// y = {says}. The scores stay in theta. Both have `count` entries.
static inline void name_decide(const float *options, unsigned count, float *theta, float *y)
{{
    name_scores(options, count, theta);
    for (unsigned i = 0; i < count; i++) {{
{decides}    }}
}}

#ifdef PERTURB_H
// For the library, which checks its inputs: weights where they lie, and a layer of `count` options.
static const perturb_shared_view name_view = {{name_weights, NAME_FEATURES}};
{layer}#endif
"
        )
    }

    /// What writes y\[i\] in C.
    fn c_decides(&self) -> String {
        match self.oracle {
            OracleKind::Simplex => C_PICK.replace("PICKS", "1u"),
            OracleKind::TopK => C_PICK.replace("PICKS", "NAME_PICKS"),
            OracleKind::Hypercube => C_HYPERCUBE.into(),
            _ => C_RANKING.into(),
        }
    }

    /// What the oracle's decision is.
    fn decision(&self) -> &'static str {
        match self.oracle {
            OracleKind::Simplex => {
                "1 for the largest score, the best; of equal ones for the first; 0 elsewhere"
            }
            OracleKind::Hypercube => "1 where the score is above 0, 0 elsewhere",
            OracleKind::TopK => {
                "1 for the largest scores, as many as are picked; of equal ones for the first; 0 elsewhere"
            }
            _ if self.shared => {
                "n for the largest score, the best of n options, down to 1 for the least; of equal ones the first ranks higher"
            }
            _ => {
                "k for the largest of the k scores, the best, down to 1 for the least; of equal ones the first ranks higher"
            }
        }
    }

    /// What has names, how many there are, and the names, if there are any.
    fn names(&self) -> impl Iterator<Item = (&'static str, String, &[String])> {
        let from = &self.provenance;
        let scores = if self.shared { from.label_names.len().to_string() } else { "SCORES".into() };
        let names: [(_, _, &[String]); 2] =
            [("feature", "FEATURES".into(), &from.feature_names), ("label", scores, &from.label_names)];
        names.into_iter().filter(|(.., names)| !names.is_empty())
    }

    /// Comments with the origin of the model. They are quoted, so that no name can break a line.
    fn origin(&self) -> String {
        let from = &self.provenance;
        let (oracle, noise) = (self.oracle.name(), self.noise.name());
        let mut lines = format!("// A model that decides by {oracle}, trained under {noise} noise.\n");
        for (what, value) in [
            ("perturb", &from.library_version),
            ("command", &from.command),
            ("seed", &from.seed.to_string()),
            ("loss", &from.loss),
            ("data", &from.data_name),
            ("digest of the data", &from.data_digest),
        ] {
            if !value.is_empty() && !from.library_version.is_empty() {
                let _ = writeln!(lines, "// {what}: {value:?}");
            }
        }
        lines
    }
}

/// Numbers are what they are, however near to π.
const ALLOW: &str =
    "#[allow(clippy::approx_constant, clippy::unreadable_literal, clippy::excessive_precision)]";

const RUST_VIEW: &str = "\
/// `MODEL.decide(&layer, &x)`, which gives y, and `MODEL.scores(&x, &mut theta)` read weights and bias where they lie in flash.
pub static MODEL: perturb_core::AffineRef<'static, f32> = perturb_core::AffineRef::from_arrays(&WEIGHTS, &BIAS);
";

const RUST_SHARED: &str = "\
/// `MODEL.decide(&layer, &options)`, which gives y for a layer of as many scores as options, and `MODEL.scores(&options, &mut theta)`
/// read weights where they lie in flash; `options` has FEATURES numbers for each option.
pub static MODEL: perturb_core::SharedRef<'static, f32> = perturb_core::SharedRef::from_array(&WEIGHTS);
";

const RUST_X: &str = "\
/// The features x that `MODEL` takes, from those that were measured.
#[allow(clippy::cast_possible_truncation)]
pub fn x(measured: &[f64; FEATURES]) -> [f32; FEATURES] {
    core::array::from_fn(|j| (measured[j] - CENTRES[j]) as f32)
}";

const C_CHOOSE: &str = "
// The decision among `count` options by their columns: y as name_decide has it. The scores stay in theta. Nothing is checked: where a
// formula needs what is missing, a score is not a number.
static inline void name_choose(const name_option *options, unsigned count, float *theta, float *y)
{
    for (unsigned i = 0; i < count; i++) {
        float terms[NAME_FEATURES];
        name_terms(&options[i], terms);
        name_scores(terms, 1u, &theta[i]);
    }
    for (unsigned i = 0; i < count; i++) {
DECIDES    }
}
";

const C_PICK: &str = "        unsigned better = 0;
        for (unsigned j = 0; j < COUNT; j++) {
            better += theta[j] > theta[i] || (theta[j] == theta[i] && j < i);
        }
        y[i] = better < PICKS ? 1.0f : 0.0f;
";
const C_HYPERCUBE: &str = "        y[i] = theta[i] > 0.0f ? 1.0f : 0.0f;\n";
const C_RANKING: &str = "        unsigned rank = 1;
        for (unsigned j = 0; j < COUNT; j++) {
            rank += theta[j] < theta[i] || (theta[j] == theta[i] && j > i);
        }
        y[i] = (float)rank;
";
/// `text` as a literal of C, the same bytes whatever a compiler takes a source's encoding to be, or trigraphs for.
fn c_string(text: &str) -> String {
    let mut literal = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => literal.extend(['\\', char::from(byte)]),
            b' '..=b'~' => literal.push(char::from(byte)),
            _ => _ = write!(literal, "\\{byte:03o}"),
        }
    }
    literal + "\""
}

fn write_floats(source: &mut String, numbers: &[f32]) {
    source.push_str("   ");
    for x in numbers {
        let _ = write!(source, " {x:?}f,");
    }
    source.push('\n');
}

fn write_bytes(source: &mut String, bytes: &[u8]) {
    for line in bytes.chunks(16) {
        source.push_str("   ");
        for byte in line {
            let _ = write!(source, " 0x{byte:02X},");
        }
        source.push('\n');
    }
}
