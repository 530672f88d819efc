//! The names of attributes: those of the OpenTelemetry conventions for generative AI, and our own.

pub const OPERATION: &str = "gen_ai.operation.name";
pub const PROVIDER: &str = "gen_ai.provider.name";
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
pub const REQUEST_STREAM: &str = "gen_ai.request.stream";
pub const REQUEST_MAX_TOKENS: &str = "gen_ai.request.max_tokens";
pub const REQUEST_CHOICES: &str = "gen_ai.request.choice.count";
pub const REQUEST_STOP: &str = "gen_ai.request.stop_sequences";
pub const REQUEST_FORMATS: &str = "gen_ai.request.encoding_formats";
pub const DIMENSIONS: &str = "gen_ai.embeddings.dimension.count";
pub const RESPONSE_ID: &str = "gen_ai.response.id";
pub const RESPONSE_MODEL: &str = "gen_ai.response.model";
pub const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
pub const FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
pub const CACHE_READ: &str = "gen_ai.usage.cache_read.input_tokens";
pub const CACHE_WRITE: &str = "gen_ai.usage.cache_write.input_tokens";
pub const REASONING: &str = "gen_ai.usage.reasoning.output_tokens";
pub const INPUT_MESSAGES: &str = "gen_ai.input.messages";
pub const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";

pub const ERROR_TYPE: &str = "error.type";
pub const SERVER_ADDRESS: &str = "server.address";
pub const SERVER_PORT: &str = "server.port";
pub const STATUS_CODE: &str = "http.response.status_code";

pub const REQUEST_ID: &str = "model_router.request.id";
pub const GENERATION_ID: &str = "model_router.generation.id";
pub const ACCOUNT_ID: &str = "model_router.account.id";
pub const KEY_NAME: &str = "model_router.key.name";
pub const TIER: &str = "model_router.tier";
pub const PREFER: &str = "model_router.prefer";
pub const AUTO_SCORE: &str = "model_router.auto.score";
pub const AUTO_TIER: &str = "model_router.auto.tier";
pub const MODEL_PROVIDER: &str = "model_router.provider";
pub const COST: &str = "model_router.cost";
pub const ESTIMATED: &str = "model_router.usage.estimated";
pub const ATTEMPTS: &str = "model_router.attempts";
pub const ATTEMPT_COUNT: &str = "model_router.attempt.count";
pub const ATTEMPT_NUMBER: &str = "model_router.attempt.number";
pub const ATTEMPT_OUTCOME: &str = "model_router.attempt.outcome";
pub const WARNINGS: &str = "model_router.warnings";
pub const CANCELLED: &str = "model_router.cancelled";
pub const OVERHEAD: &str = "model_router.overhead_ms";
pub const CUT: &str = "model_router.content.truncated";

/// Who made a call that never went to a provider.
pub const NOBODY: &str = "model_router";

/// The conventions' name for a provider of the catalog; its own where they have none.
pub fn provider(name: &str) -> &str {
    match name {
        "google" => "gcp.gemini",
        "xai" => "x_ai",
        "bedrock" => "aws.bedrock",
        other => other,
    }
}
