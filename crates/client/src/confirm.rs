//! How the person is asked before something is lost: by the shell, outside of the page.
//! It asks nothing itself.

use std::future::Future;
use std::pin::Pin;

/// A question before something that cannot be undone. No `Debug`: the shell shows a recovery code in one.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// One line.
    pub title: String,
    /// What is lost, in plain words; several lines.
    pub text: String,
    /// The word on the button that does it.
    pub yes: String,
    /// The word on the one that does not.
    pub no: String,
}

/// Who asks the person.
pub trait Confirm: Send + Sync {
    /// Whether the person agrees. No answer is a no.
    fn confirm<'a>(&'a self, question: &'a Question) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>>;
}

/// For programs that were told already, as by `--yes`.
#[derive(Clone, Copy, Debug)]
pub struct Agreed;

impl Confirm for Agreed {
    fn confirm<'a>(&'a self, _question: &'a Question) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(std::future::ready(true))
    }
}
