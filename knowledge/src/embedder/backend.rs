//! Purpose: which library does the arithmetic: ONNX Runtime where one is installed, pure Rust everywhere else.
//!
//! The choice is made once and holds for the process, because the bindings keep one table of functions. No library is
//! needed: ONNX Runtime is faster, and the vectors of both can be compared with each other.

use std::ffi::c_char;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::sys::{OrtApi, OrtStatusPtr, OrtTensorTypeAndShapeInfo};

/// What runs the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// A shared library that was found when the first model was loaded.
    OnnxRuntime {
        /// Where, or its bare name if the system's loader found it.
        path: PathBuf,
    },
    /// The pure-Rust backend that is part of the program.
    Tract,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnnxRuntime { path } => write!(f, "ONNX Runtime ({})", path.display()),
            Self::Tract => f.write_str("tract (pure Rust)"),
        }
    }
}

static CHOSEN: OnceLock<Backend> = OnceLock::new();

/// The backend of this process; chosen now if it is not yet. May read files: not for an async thread.
pub(crate) fn choose(configured: Option<&Path>, model_folder: &Path) -> &'static Backend {
    CHOSEN.get_or_init(|| {
        let chosen = candidates(configured, model_folder)
            .into_iter()
            .find(|path| loads(path, configured));
        if let Some(path) = chosen {
            return Backend::OnnxRuntime { path };
        }
        ort::set_api(OrtApi {
            SetSymbolicDimensions: keep_no_names,
            ..ort_tract::api()
        });
        Backend::Tract
    })
}

/// Takes the names of a model's dimensions and says that all is well. The bindings hand them over when they list a model's
/// inputs, and panic if that fails; tract has no such function, and nobody asks for the names.
extern "system" fn keep_no_names(
    _info: *mut OrtTensorTypeAndShapeInfo,
    _names: *mut *const c_char,
    _count: usize,
) -> OrtStatusPtr {
    OrtStatusPtr::default()
}

/// Where the library may be, the most particular place first.
fn candidates(configured: Option<&Path>, model_folder: &Path) -> Vec<PathBuf> {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

    let file = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join(&file)));
    let in_folders = [beside, Some(model_folder.join(&file))];
    let existing = in_folders.into_iter().flatten().filter(|path| path.is_file());
    configured
        .map(Path::to_owned)
        .into_iter()
        .chain(existing)
        // a bare name is looked up by the system's loader
        .chain([PathBuf::from(file)])
        .collect()
}

/// Loads the library for good if it is one, and of a version that fits.
fn loads(path: &Path, configured: Option<&Path>) -> bool {
    match ort::init_from(path) {
        Ok(environment) => {
            environment.with_telemetry(false).commit();
            true
        }
        Err(error) if configured == Some(path) => {
            tracing::warn!(path = %path.display(), %error, "the configured ONNX Runtime is not used");
            false
        }
        Err(error) => {
            tracing::debug!(path = %path.display(), %error, "no ONNX Runtime here");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_library_is_tried_first_and_the_systems_last() {
        let folder = tempfile::tempdir().unwrap();
        let name = candidates(None, folder.path()).pop().unwrap();
        std::fs::write(folder.path().join(&name), "").unwrap();

        let found = candidates(Some(Path::new("/opt/ort.so")), folder.path());

        assert_eq!(
            found,
            [PathBuf::from("/opt/ort.so"), folder.path().join(&name), name]
        );
    }
}
