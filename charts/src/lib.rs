//! Pictures for reports: numbers in, PNG bytes out.
//!
//! A picture is put together as SVG by `svg`, which escapes what others wrote, and drawn by `png` with the one font that
//! the crate brings; nothing is read from the machine. It has its own background, light unless [`Theme::Dark`] is asked
//! for, so that it reads in both of Slack's themes, and letters that can be read on a phone: shown 400 points wide, the
//! smallest are 9 points high. What differs in colour differs in lightness, shape or place too. Drawing takes a processor
//! for some milliseconds: call it where blocking is allowed.
//!
//! Must not: know what the numbers mean to the product, or where the picture goes. What a picture says is said in words by
//! whoever sends it.
//!
//! To add a picture: a file of its name with a struct of plain numbers and labels and a function that gives SVG. Numbers pass
//! through `scale::drawable`, and words of others through `words::fitted`, before they come near the SVG.

mod line;
mod marks;
mod measure;
mod panels;
mod plot;
mod png;
mod scale;
mod svg;
mod theme;
mod words;

pub mod breakdown;
pub mod calendar;
pub mod cumulative_flow;
pub mod five_keys;
pub mod scatter;
pub mod sprint;
pub mod trend;

pub use marks::Mark;
pub use measure::Measure;
pub use png::ChartError;
pub use theme::Theme;
