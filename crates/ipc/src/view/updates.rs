//! Owns how this copy of the app gets newer.

use serde::Serialize;
use ts_rs::TS;

/// Who brings newer versions of this copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum UpdatedBy {
    /// The app itself, once the person agreed.
    App,
    /// The package manager that installed it.
    Packages,
    /// Nobody: it was built by hand.
    Nobody,
}

/// Why a newer version did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum UpdateFault {
    /// The place that has it does not answer, or answers something else.
    Unreachable,
    /// What came is not signed by whoever makes the app, or not as this version. Nothing was installed.
    NotSigned,
    /// It could not be put into the place of this copy, which is as it was.
    NotInstalled,
}

/// How far a newer version is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum UpdateProgress {
    /// Nobody looked since the app started.
    #[default]
    Unknown,
    /// Somebody looks.
    Looking,
    /// There is none.
    Newest,
    /// There is one.
    Available {
        /// Its version.
        version: String,
        /// What is new, as its makers say: plain text.
        notes: Option<String>,
    },
    /// It is on its way.
    Loading {
        /// Its version.
        version: String,
        /// What has come, in bytes.
        #[ts(type = "number")]
        bytes: u64,
        /// How much it is, in bytes; `None` where that was not said.
        #[ts(type = "number | null")]
        of: Option<u64>,
    },
    /// It is here, and signed as it should be.
    Ready {
        /// Its version.
        version: String,
    },
    /// It takes the place of this copy; then the app begins anew.
    Installing {
        /// Its version.
        version: String,
    },
    /// It did not come.
    Failed {
        /// Why.
        fault: UpdateFault,
    },
}

/// How this copy gets newer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Updates {
    /// Who brings newer versions.
    pub by: UpdatedBy,
    /// Whether the person agreed that the app looks by itself, once a day.
    pub looks: bool,
    /// Who would be asked; `None` where nobody is.
    pub host: Option<String>,
    /// How far a newer version is.
    pub progress: UpdateProgress,
}
