//! Elasticities of picks, as tables and as JSON.

use perturb::decisions::{Decide, Decisions, Recipe};
use perturb::inference::{Elasticity, Estimates, Estimation};
use perturb_experiments::report::{Cell, Table};

use super::show::{ERRORS, errors};
use super::train::{Fit, Learned};
use crate::cli::{Failure, usage};

/// The recipe whose alternatives have names, where elasticities are asked for: of the column of constants, if no other is given.
pub(super) fn named(fit: &Fit<'_>, recipe: &Recipe) -> Result<Recipe, Failure> {
    let mut recipe = recipe.clone();
    if fit.elasticities.is_empty() {
        return Ok(recipe);
    }
    if recipe.decide != Decide::Pick {
        let name = recipe.decide.name();
        return Err(usage(format!("--elasticity is known of picks, not of --decide {name}")));
    }
    recipe.alternatives = recipe.alternatives.or_else(|| fit.options.constants.first().cloned());
    if recipe.alternatives.is_none() {
        return Err(usage("--elasticity needs the column that names the options: --alternatives"));
    }
    let names: Vec<String> = recipe.terms.iter().map(|(name, _)| name.clone()).collect();
    if let Some(unknown) = fit.elasticities.iter().find(|term| !names.contains(term)) {
        let names = perturb::data::text::listed(&names, 20);
        return Err(usage(format!("--elasticity {unknown}: expected a term, one of {names}")));
    }
    Ok(recipe)
}

/// What is asked for, at the weights.
pub(super) fn of(
    fit: &Fit<'_>,
    decisions: &Decisions,
    learned: &Learned,
) -> Result<Vec<Elasticity>, Failure> {
    if fit.elasticities.is_empty() {
        return Ok(Vec::new());
    }
    let terms: Vec<&str> = fit.elasticities.iter().map(String::as_str).collect();
    let how = Estimation { noise: learned.noise, epsilon: fit.epsilon, ..Estimation::default() };
    Ok(how.elasticities(decisions, &learned.w, &terms)?)
}

/// A row for each alternative whose term grows, a column for each that is picked more or less often. Standard errors stand between
/// `around`.
pub(super) fn table(all: &[Elasticity], estimates: Option<&Estimates>, around: [&str; 2]) -> Table {
    let by = estimates.map(|estimates| (estimates, errors(estimates)));
    let mut header = vec!["elasticity of picks of".to_owned()];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for one in all {
        let name = Cell::Text(format!("{} of {}", one.term, one.changed));
        if rows.last().is_none_or(|row| row.first() != Some(&name)) {
            rows.push(vec![name]);
        }
        if rows.len() == 1 {
            header.push(one.of.clone());
        }
        let error = by.and_then(|(estimates, by)| estimates.delta(&one.gradient, by));
        let error = error.map_or_else(String::new, |error| format!("{}{error:.4}{}", around[0], around[1]));
        if let Some(row) = rows.last_mut() {
            row.push(Cell::Number(format!("{:.4}{error}", one.value)));
        }
    }
    let caption = "Change in % of the expected picks of a column's option if a row's term grows by 1 % in all decisions";
    Table { caption: caption.into(), header, rows }
}

/// The same for other programs, with all standard errors.
pub(super) fn as_json(all: &[Elasticity], estimates: Option<&Estimates>) -> serde_json::Value {
    let one = |one: &Elasticity| {
        let found = |(name, errors): &(&str, _)| {
            Some(((*name).to_owned(), estimates?.delta(&one.gradient, *errors)?.into()))
        };
        let errors: serde_json::Map<_, _> = ERRORS.iter().filter_map(found).collect();
        serde_json::json!({ "term": one.term, "changed": one.changed, "of": one.of, "value": one.value, "errors": errors })
    };
    all.iter().map(one).collect()
}
