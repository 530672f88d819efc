//! Other gateways, when they are installed: with nothing on but what they need to pass a request on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Gateway, Place, Target, find, free_port};

/// A gateway that others made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The LiteLLM proxy, of PyPI.
    LiteLlm,
    /// The Portkey gateway, of npm.
    Portkey,
}

impl Peer {
    /// The peer of a name.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "litellm" => Ok(Self::LiteLlm),
            "portkey" => Ok(Self::Portkey),
            other => Err(format!("PEERS knows litellm and portkey, not {other:?}")),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::LiteLlm => "litellm",
            Self::Portkey => "portkey",
        }
    }

    /// How it gets to where it is looked for.
    pub fn how_to_install(self, peers: &Path) -> String {
        let dir = peers.join(self.name());
        let dir = dir.display();
        match self {
            Self::LiteLlm => {
                format!("python3 -m venv {dir} && {dir}/bin/pip install 'litellm[proxy]'")
            }
            // With a later server of Hono's, Portkey 1.15.2 answers every stream with 500.
            Self::Portkey => {
                let older = r#"{"overrides":{"@hono/node-server":"1.14.1"}}"#;
                format!(
                    "mkdir -p {dir} && echo '{older}' >{dir}/package.json && \
                     npm install --prefix {dir} @portkey-ai/gateway"
                )
            }
        }
    }

    /// Starts it; `None` when it is not installed.
    pub fn start(self, peers: &Path, place: &Place) -> io::Result<Option<Gateway>> {
        match self {
            Self::LiteLlm => litellm(peers, place),
            Self::Portkey => portkey(peers, place),
        }
    }
}

fn litellm(peers: &Path, place: &Place) -> io::Result<Option<Gateway>> {
    let own = peers.join("litellm/bin/litellm");
    let Some(program) = own.is_file().then_some(own).or_else(|| find("litellm")) else {
        return Ok(None);
    };
    let (dir, port) = (place.subdir("litellm")?, free_port()?);
    let settings = dir.join("config.yaml");
    fs::write(
        &settings,
        format!(
            "model_list:\n  - model_name: bench\n    litellm_params:\n      model: openai/bench\n      \
             api_base: http://127.0.0.1:{}/v1\n      api_key: bench\n\
             general_settings:\n  dangerously_permit_weak_or_unset_master_key: true\n",
            place.upstream
        ),
    )?;
    let words = [
        program.display().to_string(),
        "--config".to_owned(),
        settings.display().to_string(),
        "--host".to_owned(),
        "127.0.0.1".to_owned(),
        "--port".to_owned(),
        port.to_string(),
        "--num_workers".to_owned(),
        "1".to_owned(),
    ];
    let env = [
        ("LITELLM_LOG", "ERROR".to_owned()),
        // Its own price list, without a look at the network.
        ("LITELLM_LOCAL_MODEL_COST_MAP", "True".to_owned()),
        ("LITELLM_TELEMETRY", "False".to_owned()),
    ];
    let target = Target::chat(
        "litellm",
        port,
        "bench",
        &[("authorization", "Bearer bench".to_owned())],
    );
    Gateway::start(&words, &env, &dir, vec![target]).map(Some)
}

fn portkey(peers: &Path, place: &Place) -> io::Result<Option<Gateway>> {
    let script: PathBuf =
        peers.join("portkey/node_modules/@portkey-ai/gateway/build/start-server.js");
    let (Some(node), true) = (find("node"), script.is_file()) else {
        return Ok(None);
    };
    let (dir, port) = (place.subdir("portkey")?, free_port()?);
    let words = [
        node.display().to_string(),
        script.display().to_string(),
        format!("--port={port}"),
        "--headless".to_owned(),
    ];
    let env = [
        ("NODE_ENV", "production".to_owned()),
        ("TRUSTED_CUSTOM_HOSTS", "127.0.0.1,localhost".to_owned()),
    ];
    let headers = [
        ("authorization", "Bearer bench".to_owned()),
        ("x-portkey-provider", "openai".to_owned()),
        (
            "x-portkey-custom-host",
            format!("http://127.0.0.1:{}/v1", place.upstream),
        ),
    ];
    let target = Target::chat("portkey", port, "bench", &headers);
    Gateway::start(&words, &env, &dir, vec![target]).map(Some)
}
