//! Pictures for reports: numbers in, PNG bytes out.
//!
//! A picture is put together as SVG by `svg`, which escapes what others wrote, and drawn by `png` with the one font that
//! the crate brings; nothing is read from the machine. It has its own light background, so that it reads the same in Slack's
//! light and dark themes, and letters that can be read on a phone. Drawing takes a processor for some milliseconds: call it
//! where blocking is allowed.
//!
//! Must not: know what the numbers mean to the product, or where the picture goes. What a picture says is said in words by
//! whoever sends it.
//!
//! To add a picture: a file of its name with a struct of plain numbers and labels and a function that gives SVG.

mod png;
mod scale;
pub mod sprint;
mod svg;

pub use png::ChartError;
