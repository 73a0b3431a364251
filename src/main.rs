//! The command line.

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};
use dli_operator::{
    api::crd,
    controller::{
        self, RunError, chain,
        config::{self, Config, ConfigError, LogFormat},
    },
    simulator::{self, SimulateArgs, SimulatorError},
};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// A Kubernetes operator for Huawei Cloud Data Lake Insight (DLI).
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the operator.
    #[command(after_long_help = config::help())]
    Run(RunArgs),
    /// Print the custom resource definitions, for kubectl apply --server-side -f -, or write them into a folder.
    Crds(CrdsArgs),
    /// Run a simulated DLI, to try the operator against.
    Simulate(SimulateArgs),
}

#[derive(clap::Args)]
struct CrdsArgs {
    /// Folder to write one file for each definition into; it is made if need be.
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

#[derive(clap::Args)]
struct RunArgs {
    /// Configuration file (YAML); its keys are described below. Without it, the defaults hold.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Kubeconfig of the cluster to work in. Without it: KUBECONFIG, ~/.kube/config, or the pod's service account.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// How log lines look, instead of what the configuration says.
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<Format>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Json,
    Text,
}

/// Why the process ends with an error.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Crds(#[from] crd::Error),
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run(&args),
        Command::Crds(args) => crds(&args).map_err(Failure::from),
        Command::Simulate(args) => simulate(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", chain(&failure));
            ExitCode::from(failure.exit_code())
        }
    }
}

impl Failure {
    /// 2 for what was written wrong, 1 for what went wrong.
    fn exit_code(&self) -> u8 {
        use SimulatorError::{Flag, ParseConfig, ReadConfig, State};
        match self {
            Self::Config(_) | Self::Simulator(Flag { .. } | ReadConfig { .. } | ParseConfig { .. } | State { .. }) => 2,
            Self::Run(_) | Self::Crds(_) | Self::Simulator(_) | Self::Runtime(_) => 1,
        }
    }
}

fn simulate(args: SimulateArgs) -> Result<(), Failure> {
    let options = args.options()?;
    start_log(LogFormat::Text, "info");
    Ok(runtime()?.block_on(simulator::serve(options))?)
}

fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::Runtime)
}

fn crds(args: &CrdsArgs) -> Result<(), crd::Error> {
    match &args.output_dir {
        Some(dir) => crd::write(dir),
        None => crd::print(&mut io::stdout().lock()),
    }
}

fn run(args: &RunArgs) -> Result<(), Failure> {
    let config = match &args.config {
        Some(path) => Config::load(path)?,
        None => Config::defaults()?,
    };
    let format = match args.log_format {
        Some(Format::Json) => LogFormat::Json,
        Some(Format::Text) => LogFormat::Text,
        None => config.log_format,
    };
    start_log(format, &config.log_level);
    let runtime = runtime()?;
    let result = runtime.block_on(controller::run(config, args.kubeconfig.as_deref()));
    // After a lost lease nothing is waited for: what still runs must not go on.
    runtime.shutdown_background();
    if let Err(error) = &result {
        tracing::error!(error = chain(error), "ending");
    }
    Ok(result?)
}

/// Log lines go to standard error; standard output is for what commands print.
fn start_log(format: LogFormat, level: &str) {
    // The libraries have their say at `info` only in trouble: kube-runtime's own spans repeat ours.
    let directives =
        format!("warn,{}", if level.contains(['=', ',']) { level.to_owned() } else { format!("dli_operator={level}") });
    // The level was checked when the configuration was read.
    let filter: Targets = directives.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Json => {
            registry.with(fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(io::stderr)).init();
        }
        LogFormat::Text => registry.with(fmt::layer().with_writer(io::stderr)).init(),
    }
    std::panic::set_hook(Box::new(|info| {
        // The message and the place only: no values of variables, no back-trace.
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(message, place, "panic");
    }));
}
