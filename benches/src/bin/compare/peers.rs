//! The other implementations: one Python file each, run as a program.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use perturb_benches::Failure;
use perturb_benches::arguments::refusal;
use perturb_benches::machine::printed;
use perturb_benches::record::Record;
use perturb_benches::workload::Workload;

/// A peer's program and the variants that its help names.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The file's name without `_peer.py`.
    pub(crate) name: String,
    /// What `--variant` takes.
    pub(crate) variants: Vec<String>,
    file: PathBuf,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// A measurement.
    Measured(Record),
    /// The peer has no such workload.
    Unsupported,
    /// Why there is no measurement.
    Failed(String),
}

/// How the peers are run.
#[derive(Clone, Debug)]
pub(crate) struct Runner<'a> {
    /// The interpreter.
    pub(crate) python: &'a Path,
    /// The longest that one run may take, its start included.
    pub(crate) limit: Duration,
}

/// The packages whose versions are reported.
const PACKAGES: &str = "numpy scipy numba jax jaxlib jaxopt optax torch pyepo ortools";
const VERSIONS: &str = "
import sys, platform
from importlib.metadata import version, PackageNotFoundError
print('Python', platform.python_version())
for name in sys.argv[1:]:
    try:
        print(name, version(name))
    except PackageNotFoundError:
        pass
";

impl Runner<'_> {
    /// The peers of a folder that can be imported, and why others cannot.
    pub(crate) fn discover(&self, folder: &Path) -> Result<(Vec<Peer>, Vec<String>), Failure> {
        let mut python = Command::new(self.python);
        python.arg("--version");
        self.finish(python).map_err(|reason| refusal(format!("--python: {reason}")))?;
        let fault = |error: std::io::Error| refusal(format!("--peers {}: {error}", folder.display()));
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(fault)? {
            files.push(entry.map_err(fault)?.path());
        }
        files.sort();
        let (mut peers, mut missing) = (Vec::new(), Vec::new());
        for file in files {
            let Some(name) = file.file_name().and_then(|name| name.to_str()?.strip_suffix("_peer.py")) else {
                continue;
            };
            let name = name.to_owned();
            let mut command = Command::new(self.python);
            command.arg(&file).arg("--help").env("COLUMNS", "1000");
            match self.finish(command) {
                Err(reason) => missing.push(format!("{name}: {reason}")),
                Ok(help) => {
                    let choices = help.split("--variant {").nth(1).and_then(|rest| rest.split('}').next());
                    let variants = choices.unwrap_or("default").split(',').map(String::from).collect();
                    peers.push(Peer { name, variants, file });
                }
            }
        }
        if peers.is_empty() && missing.is_empty() {
            return Err(refusal(format!("--peers {}: no file NAME_peer.py", folder.display())));
        }
        Ok((peers, missing))
    }

    /// One measurement.
    pub(crate) fn run(
        &self,
        peer: &Peer,
        variant: &str,
        workload: &Workload,
        threads: usize,
        repetitions: usize,
    ) -> Outcome {
        let (threads, repetitions) = (threads.to_string(), repetitions.to_string());
        let mut command = Command::new(self.python);
        command.arg(&peer.file).args([workload.name, &repetitions]);
        command.args(["--variant", variant, "--threads", &threads]);
        // What a peer's argument does not reach.
        for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            command.env(name, &threads);
        }
        let printed = match self.finish(command) {
            Err(reason) => return Outcome::Failed(reason),
            Ok(printed) => printed,
        };
        let line = printed.lines().find(|line| line.starts_with('{'));
        line.map_or(Outcome::Unsupported, |line| match serde_json::from_str(line) {
            Ok(record) => Outcome::Measured(record),
            Err(error) => Outcome::Failed(format!("printed something else than a record: {error}")),
        })
    }

    /// The versions of what the peers are made of.
    pub(crate) fn versions(&self) -> Option<String> {
        printed(Command::new(self.python).args(["-c", VERSIONS]).args(PACKAGES.split(' ')))
    }

    /// What a command prints; an error if it fails or takes too long.
    fn finish(&self, mut command: Command) -> Result<String, String> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", self.python.display()))?;
        // Full pipes would stop the child.
        let (out, errors) = (collect(child.stdout.take()), collect(child.stderr.take()));
        let success = self.wait(&mut child)?;
        // Not forever: a grandchild may hold the pipe.
        let text = |pipe: Receiver<String>| pipe.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
        if success {
            return Ok(text(out));
        }
        let errors = text(errors);
        Err(errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("failed silently").to_owned())
    }

    /// Whether the child succeeds. Ends it when the time is over.
    fn wait(&self, child: &mut Child) -> Result<bool, String> {
        let start = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status.success()),
                Ok(None) if start.elapsed() < self.limit => thread::sleep(Duration::from_millis(20)),
                Ok(None) => {
                    // It may just have ended by itself.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("took longer than {} s", self.limit.as_secs()));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

/// All that comes out of a pipe, once it is closed.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is all there is.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}
