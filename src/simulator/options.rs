//! What a simulator is started with, and why one does not run.

use std::{net::SocketAddr, path::PathBuf};

use super::{credential::Credential, model::Config};

/// What [`super::serve`] needs.
#[derive(Clone, Debug)]
pub struct SimulateOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Keys that are known at the start.
    pub credentials: Vec<Credential>,
    /// Configuration of the model, durations as they are to be.
    pub config: Config,
    /// File that keeps the state over restarts.
    pub state: Option<PathBuf>,
}

/// Why the simulator does not run.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// A flag has a bad value.
    #[error("{flag} {value}: {remedy}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        remedy: String,
    },
    /// The configuration file cannot be read.
    #[error("--config {path}: {source}; give the path of a YAML file that can be read")]
    ReadConfig {
        /// Its path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration file is not understood.
    #[error("--config {path}: {text}")]
    ParseConfig {
        /// Its path.
        path: String,
        /// Where and why.
        text: String,
    },
    /// The state cannot be read, or does not fit.
    #[error("--state {path}: {text}")]
    State {
        /// The file.
        path: String,
        /// Why, and what to do.
        text: String,
    },
    /// The address cannot be listened on.
    #[error("--listen {address}: {source}; choose another address, or port 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The first line could not be written, or the server broke.
    #[error("the simulator stopped: {0}")]
    Serve(#[source] std::io::Error),
}
