//! Purpose: what counts as a deployment to production, by the definitions.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::definitions::{Counted, Definitions};
use super::facts::{Deployed, Means};
use crate::deployment::is_production;

/// The definitions, ready to be asked.
pub(super) struct Production {
    ways: Vec<Way>,
}

struct Way {
    means: Means,
    /// `None`: by the rule for its means.
    names: Option<GlobSet>,
    except: GlobSet,
}

impl Production {
    /// Patterns that cannot be read fit nothing; [`Definitions::problems`] tells of them.
    pub(super) fn new(ways: &[Counted]) -> Self {
        let ways = ways.iter().map(|way| Way {
            means: way.means,
            names: (!way.names.is_empty()).then(|| set(&way.names)),
            except: set(&way.except),
        });
        Self { ways: ways.collect() }
    }

    pub(super) fn holds(&self, deployed: &Deployed) -> bool {
        self.holds_name(deployed.means, &deployed.name)
    }

    fn holds_name(&self, means: Means, name: &str) -> bool {
        self.ways.iter().any(|way| way.holds(means, name))
    }
}

impl Way {
    fn holds(&self, means: Means, name: &str) -> bool {
        let fits = || match &self.names {
            Some(names) => names.is_match(name),
            None => self.means != Means::Deployment || is_production(name),
        };
        means == self.means && fits() && !self.except.is_match(name)
    }
}

fn pattern(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text).case_insensitive(true).build()
}

fn set(patterns: &[String]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for glob in patterns.iter().filter_map(|text| pattern(text).ok()) {
        builder.add(glob);
    }
    builder.build().unwrap_or_default()
}

impl Definitions {
    /// Whether anything of these means counts as a deployment to production.
    pub fn counts_any(&self, means: Means) -> bool {
        self.production.iter().any(|way| way.means == means)
    }

    /// Whether what is called so by these means does: the name of an environment, workflow or tag.
    pub fn counts(&self, means: Means, name: &str) -> bool {
        Production::new(&self.production).holds_name(means, name)
    }

    /// What of the definitions cannot be used, in words; empty where all can.
    pub fn problems(&self) -> Vec<String> {
        let all = self.production.iter();
        let patterns = all.flat_map(|way| way.names.iter().chain(&way.except));
        let unreadable = patterns
            .filter_map(|text| pattern(text).err())
            .map(|error| error.to_string());
        let untold = self.production.iter().filter(|way| way.means == Means::Tag);
        let untold = untold
            .map(|_| "no event tells of tags that are no releases: write means = \"release\"".to_owned());
        unreadable.chain(untold).collect()
    }
}
