//! Which providers can be simulated, and where their API stands.

/// A simulated provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// OpenAI.
    OpenAi,
    /// xAI.
    Xai,
    /// Groq.
    Groq,
    /// Cerebras.
    Cerebras,
    /// AWS Bedrock.
    Bedrock,
    /// Google.
    Google,
    /// Anthropic.
    Anthropic,
}

impl Vendor {
    /// Every simulated provider.
    pub const ALL: [Self; 7] = [
        Self::OpenAi,
        Self::Xai,
        Self::Groq,
        Self::Cerebras,
        Self::Bedrock,
        Self::Google,
        Self::Anthropic,
    ];

    /// The provider's name in the catalog.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Xai => "xai",
            Self::Groq => "groq",
            Self::Cerebras => "cerebras",
            Self::Anthropic => "anthropic",
            Self::Bedrock => "bedrock",
            Self::Google => "google",
        }
    }

    /// The environment variables that point a router at the simulated provider.
    pub fn variables(self, base_url: String) -> Vec<(String, String)> {
        let key = "simulated".to_owned();
        match self {
            Self::Bedrock => vec![
                ("AWS_ACCESS_KEY_ID".to_owned(), key.clone()),
                ("AWS_SECRET_ACCESS_KEY".to_owned(), key),
                ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME".to_owned(), base_url),
            ],
            Self::Google => vec![
                ("GEMINI_API_KEY".to_owned(), key),
                ("GEMINI_BASE_URL".to_owned(), base_url),
            ],
            Self::OpenAi | Self::Xai | Self::Groq | Self::Cerebras | Self::Anthropic => {
                let prefix = self.as_str().to_ascii_uppercase();
                vec![
                    (format!("{prefix}_API_KEY"), key),
                    (format!("{prefix}_BASE_URL"), base_url),
                ]
            }
        }
    }

    /// The path every route of the provider begins with.
    pub(super) const fn base_path(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Xai | Self::Cerebras => "/v1",
            Self::Groq => "/openai/v1",
            Self::Bedrock | Self::Google | Self::Anthropic => "",
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::OpenAi => 0,
            Self::Xai => 1,
            Self::Groq => 2,
            Self::Cerebras => 3,
            Self::Bedrock => 4,
            Self::Google => 5,
            Self::Anthropic => 6,
        }
    }
}
