//! Purpose: the demo's documents: the ones about this program, which it carries, so that questions have an answer wherever
//! it is started.

use std::path::{Path, PathBuf};

use anyhow::Context;

macro_rules! carried {
    ($($name:literal),* $(,)?) => {
        /// Paths and texts.
        const CARRIED: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../", $name)))),*];
    };
}

carried!(
    "README.md",
    "docs/ACTIONS.md",
    "docs/API.md",
    "docs/APPROVALS.md",
    "docs/ARCHITECTURE.md",
    "docs/BENCHMARKS.md",
    "docs/BUS.md",
    "docs/CONTRIBUTING.md",
    "docs/EXPORT.md",
    "docs/KNOWLEDGE.md",
    "docs/LOGGING.md",
    "docs/METRICS.md",
    "docs/POLICY.md",
    "docs/RUNBOOK.md",
    "docs/integrations/alertmanager.md",
    "docs/integrations/argocd.md",
    "docs/integrations/circleci.md",
    "docs/integrations/cloudwatch.md",
    "docs/integrations/codecov.md",
    "docs/integrations/datadog.md",
    "docs/integrations/ecs.md",
    "docs/integrations/generic.md",
    "docs/integrations/github.md",
    "docs/integrations/gitlab.md",
    "docs/integrations/heroku.md",
    "docs/integrations/jenkins.md",
    "docs/integrations/jira.md",
    "docs/integrations/kubernetes.md",
    "docs/integrations/linear.md",
    "docs/integrations/newrelic.md",
    "docs/integrations/pagerduty.md",
    "docs/integrations/sentry.md",
    "docs/integrations/shortcut.md",
    "docs/integrations/slack.md",
    "docs/integrations/sonarqube.md",
);

/// Writes them below `folder`; answers where they are.
///
/// # Errors
/// The folder cannot be written to.
pub(super) fn write(folder: &Path) -> anyhow::Result<PathBuf> {
    let root = folder.join("em-agent");
    for (name, text) in CARRIED {
        let file = root.join(name);
        let parent = file.parent().unwrap_or(&root);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&file, text))
            .context("cannot write the demo's documents")?;
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_carried() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for folder in ["docs", "docs/integrations"] {
            let there = std::fs::read_dir(root.join(folder)).unwrap();
            let names = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let documents = names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "md"));
            for name in documents {
                let name = format!("{folder}/{name}");
                assert!(CARRIED.iter().any(|(carried, _)| *carried == name), "{name}");
            }
        }
    }
}
