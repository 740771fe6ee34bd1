pub(crate) fn shift_times(line: &str, _delta: chrono::Duration) -> String { line.to_owned() }
