//! Purpose: what somebody at the page can do to the world around the workspace, such as moving its clock. The page only
//! shows it and passes on what was chosen; whoever starts the simulator says what there is.

use std::fmt;

/// The world around the workspace.
pub trait Stage: fmt::Debug + Send + Sync {
    /// What it looks like now, and what can be done, in the order shown. Asked each time the page is drawn.
    fn props(&self) -> Vec<Prop>;

    /// Does one thing, by the id of its [`Deed`]. Gives a sentence on what is so now.
    ///
    /// # Errors
    /// A sentence for the person: why it was not done.
    fn act(&self, deed: &str) -> Result<String, String>;
}

/// A part of the world, with what can be done to it.
#[derive(Debug, Clone, Default)]
pub struct Prop {
    /// Names it among the others; letters only.
    pub id: &'static str,
    /// What it is called: `Clock`.
    pub name: String,
    /// How it is now, in large letters: `Fri 16 Jan 09:12`; empty for nothing.
    pub now: String,
    /// A few words below, in small ones.
    pub about: String,
    /// Shown only when somebody opens it.
    pub is_folded: bool,
    /// What can be done.
    pub deeds: Vec<Deed>,
}

/// Something that can be done.
#[derive(Debug, Clone, Default)]
pub struct Deed {
    /// What [`Stage::act`] is given; unique among all.
    pub id: String,
    /// What stands on the button.
    pub label: String,
    /// What it is done to, beside the button; empty where there is only one thing.
    pub subject: String,
    /// The whole of it, for those who hear the page: `Move the clock forward by an hour`.
    pub spoken: String,
}
