//! The command line of the simulator, and what it means.

use std::{io::Write, net::SocketAddr, path::PathBuf};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{
    credential::Credential,
    http::Simulator,
    model::{Answers, Config, ProjectConfig},
    options::{SimulateOptions, SimulatorError},
    store::wall,
};
use crate::dli::{ProjectId, RegionName};

/// Flags of `dli-operator simulate`.
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8780")]
    listen: String,
    /// Allow an address that other machines can reach.
    #[arg(long)]
    allow_remote: bool,
    /// Project id; may be repeated.
    #[arg(long, value_name = "ID")]
    project: Vec<String>,
    /// Region of the project at the same place; the last one holds for the rest.
    #[arg(long, value_name = "NAME")]
    region: Vec<String>,
    /// Access key that clients sign with.
    #[arg(long, value_name = "AK", env = "DLI_SIMULATOR_ACCESS_KEY", default_value = "SIMULATORACCESSKEY00")]
    access_key: String,
    /// Secret key that clients sign with.
    #[arg(
        long,
        value_name = "SK",
        env = "DLI_SIMULATOR_SECRET_KEY",
        hide_env_values = true,
        default_value = "simulator-secret-key"
    )]
    secret_key: SecretString,
    /// Security token: makes the access key a temporary one.
    #[arg(long, value_name = "TOKEN", env = "DLI_SIMULATOR_SECURITY_TOKEN", hide_env_values = true)]
    security_token: Option<SecretString>,
    /// Divides the cloud's durations; its clock stays true.
    #[arg(long, value_name = "N", default_value = "1")]
    time_scale: f64,
    /// Seed of ids, jitter and `--variant random`.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Configuration file (YAML): durations, answers, quotas, networks, history.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Fault to arm at the start, as JSON, as the control endpoint takes it; may be repeated.
    #[arg(long, value_name = "JSON")]
    fault: Vec<String>,
    /// File that keeps the state over restarts; made if need be.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// `random` rolls an answer to every question that the documentation leaves open.
    #[arg(long, value_name = "random")]
    variant: Option<String>,
}

fn bad(flag: &'static str, value: &dyn std::fmt::Display, remedy: &dyn std::fmt::Display) -> SimulatorError {
    SimulatorError::Flag { flag, value: value.to_string(), remedy: remedy.to_string() }
}

impl SimulateArgs {
    /// Checks the flags and reads the configuration file.
    pub fn options(self) -> Result<SimulateOptions, SimulatorError> {
        let listen: SocketAddr = self
            .listen
            .parse()
            .map_err(|_| bad("--listen", &self.listen, &"give an address and a port, such as 127.0.0.1:8780"))?;
        if !listen.ip().is_loopback() && !self.allow_remote {
            let remedy = "other machines could reach it; listen on 127.0.0.1, or add --allow-remote";
            return Err(bad("--listen", &listen, &remedy));
        }
        if !self.time_scale.is_finite() || !(0.001..=1_000_000.0).contains(&self.time_scale) {
            return Err(bad("--time-scale", &self.time_scale, &"give a number from 0.001 to 1000000"));
        }
        if self.access_key.is_empty() || self.access_key.contains([',', ' ', '/']) {
            return Err(bad("--access-key", &self.access_key, &"give a key without spaces, commas and slashes"));
        }
        if self.secret_key.expose_secret().is_empty() {
            return Err(bad("--secret-key", &"", &"give a key that is not empty"));
        }
        let mut config = self.read_config()?;
        if let Some(seed) = self.seed {
            config.seed = seed;
        }
        match self.variant.as_deref() {
            None => {}
            Some("random") => {
                let seed = self.seed.unwrap_or_else(|| wall() as u64);
                config.seed = seed;
                config.answers = Answers::variant(seed);
            }
            Some(other) => return Err(bad("--variant", &other, &"the only one is random")),
        }
        self.set_projects(&mut config)?;
        for text in &self.fault {
            let fault = serde_json::from_str(text).map_err(|error| {
                bad("--fault", text, &format!("{error}; give JSON such as {{\"effect\": \"dropAfter\", \"times\": 2}}"))
            })?;
            config.faults.push(fault);
        }
        config.durations = config.durations.scaled(self.time_scale);
        let path = self.config.as_ref().map(|path| path.display().to_string());
        config.check().map_err(|error| match path {
            Some(path) => SimulatorError::ParseConfig { path, text: error.to_string() },
            None => bad("--project", &self.project.join(" "), &error),
        })?;
        let credential = Credential {
            access_key: self.access_key,
            secret_key: self.secret_key,
            security_token: self.security_token.filter(|token| !token.expose_secret().is_empty()),
        };
        Ok(SimulateOptions { listen, credentials: vec![credential], config, state: self.state })
    }

    fn read_config(&self) -> Result<Config, SimulatorError> {
        let Some(path) = &self.config else { return Ok(Config::default()) };
        let shown = || path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| SimulatorError::ReadConfig { path: shown(), source })?;
        serde_saphyr::from_str(&text)
            .map_err(|error| SimulatorError::ParseConfig { path: shown(), text: error.to_string() })
    }

    /// Projects of the command line replace those of the file.
    fn set_projects(&self, config: &mut Config) -> Result<(), SimulatorError> {
        let default = || ProjectConfig::default().region;
        let regions: Vec<RegionName> = self.region.iter().map(|name| RegionName::new(name)).collect();
        if self.project.is_empty() {
            if regions.len() > config.projects.len() {
                let remedy = "there are more regions than projects; give a --project for each";
                return Err(bad("--region", &self.region.join(" "), &remedy));
            }
            for (project, region) in config.projects.iter_mut().zip(regions) {
                project.region = region;
            }
            return Ok(());
        }
        if regions.len() > self.project.len() {
            let remedy = "there are more regions than projects; give a --project for each";
            return Err(bad("--region", &self.region.join(" "), &remedy));
        }
        let region = |index: usize| regions.get(index).or(regions.last()).cloned().unwrap_or_else(default);
        config.projects = self
            .project
            .iter()
            .enumerate()
            .map(|(index, id)| ProjectConfig { id: ProjectId::new(id), region: region(index), enabled: true })
            .collect();
        Ok(())
    }
}

/// Runs the simulator until it is told to stop (SIGTERM or ctrl-c). The first line on standard output is JSON with the
/// port, the endpoint and the projects.
pub async fn serve(options: SimulateOptions) -> Result<(), SimulatorError> {
    let (seed, projects) = (options.config.seed, options.config.projects.clone());
    let stop = asked_to_stop().map_err(SimulatorError::Serve)?;
    let simulator = Simulator::start(options).await?;
    let first = json!({
        "port": simulator.address().port(),
        "url": simulator.url(),
        "project": projects.first().map(|project| &project.id),
        "projects": projects,
        "seed": seed,
    });
    let mut out = std::io::stdout();
    writeln!(out, "{first}").and_then(|()| out.flush()).map_err(SimulatorError::Serve)?;
    stop.await;
    simulator.stop().await
}

/// Listens for the signals from now on; the future ends at the first.
#[cfg(unix)]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Where ctrl-c cannot be listened for, the process can only be ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
