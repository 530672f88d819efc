//! How a family of models counts its input: the nearest public encoding, a factor, fixed amounts.

use serde::Deserialize;

use super::field;
use super::reader::Reader;

/// Tokens that any single amount of a row may be.
const MOST: u32 = 1_000_000;

/// A byte-pair encoding that is public and exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// OpenAI's from GPT-4o on; gpt-oss' `o200k_harmony` has the same ordinary tokens.
    #[serde(rename = "o200k_base")]
    O200k,
    /// OpenAI's before, and its embedding models'.
    #[serde(rename = "cl100k_base")]
    Cl100k,
}

impl Encoding {
    /// All encodings.
    pub const ALL: [Self; 2] = [Self::O200k, Self::Cl100k];
}

/// In which form a model reads the functions that it may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolForm {
    /// As declarations of TypeScript, which is how OpenAI's models see them.
    Typescript,
    /// As the JSON that was sent.
    Json,
}

/// What an image costs, by its size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageRule {
    /// OpenAI's tiles: fitted into a square of 2,048, the short side brought to 768, cut into
    /// squares of 512. Low detail costs the base alone.
    Tiles {
        /// Tokens of any image.
        base: u32,
        /// Tokens of a tile.
        tile: u32,
    },
    /// Squares of so many pixels, each a token; larger images are scaled down to the most.
    Patches {
        /// Edge of a square, in pixels.
        edge: u32,
        /// Most squares.
        most: u32,
        /// What a square costs, in hundredths of a token.
        percent: u32,
    },
    /// Anthropic's: width × height ÷ 750, after the long edge was brought down.
    Area {
        /// Longest edge in pixels.
        most_edge: u32,
        /// Most tokens.
        most: u32,
    },
    /// Google's: one crop when both sides are at most 384 pixels, else crops of a size between 256
    /// and 768 that follows the short side.
    Crops {
        /// Tokens of a crop.
        crop: u32,
    },
    /// The same for every image.
    Fixed {
        /// Tokens.
        tokens: u32,
    },
}

/// A `[[tokenizer]]` row. Amounts are tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokenizer {
    /// Unique name.
    pub name: String,
    /// The public encoding that is nearest.
    pub encoding: Encoding,
    /// The family's tokens to a hundred of that encoding, for text.
    pub percent: u32,
    /// Of any request.
    pub per_request: u32,
    /// Of every message, around its text.
    pub per_message: u32,
    /// Of every tool call of earlier turns with its result, around their texts.
    pub per_call: u32,
    /// Of any request with tools.
    pub tools: u32,
    /// Of every tool, around its text.
    pub per_tool: u32,
    /// How tools are read.
    pub tool_form: ToolForm,
    /// Of any request with a schema for its answer, beside the schema's text.
    pub schema: u32,
    /// Of an image.
    pub image: ImageRule,
    /// Of a page of a document.
    pub per_page: u32,
    /// Of a second of sound.
    pub per_audio_s: u32,
}

impl Default for Tokenizer {
    /// For a model of which nothing is known: a quarter more than OpenAI's newest encoding says.
    fn default() -> Self {
        Self {
            name: "unknown".to_owned(),
            encoding: Encoding::O200k,
            percent: 125,
            per_request: 40,
            per_message: 6,
            per_call: 30,
            tools: 250,
            per_tool: 20,
            tool_form: ToolForm::Json,
            schema: 30,
            image: ImageRule::Fixed { tokens: 1600 },
            per_page: 2500,
            per_audio_s: 32,
        }
    }
}

/// Reads a row. Every amount has to be there: a forgotten one would count too little in silence.
pub(super) fn read(row: &mut Reader<'_>) -> Option<Tokenizer> {
    let name = row.required("name", field::id);
    let encoding = row.required("encoding", field::one_of);
    let percent = row.required("percent", field::count(10..=1000));
    let per_request = row.required("per_request", amount());
    let per_message = row.required("per_message", amount());
    let per_call = row.required("per_call", amount());
    let tools = row.required("tools", amount());
    let per_tool = row.required("per_tool", amount());
    let tool_form = row.required("tool_form", field::one_of);
    let schema = row.required("schema", amount());
    if !row.has("image") {
        row.problem("image", "missing");
    }
    let image = row.table("image", image);
    let per_page = row.required("per_page", amount());
    let per_audio_s = row.required("per_audio_s", amount());
    row.optional("source", field::text);
    Some(Tokenizer {
        name: name?,
        encoding: encoding?,
        percent: percent?,
        per_request: per_request?,
        per_message: per_message?,
        per_call: per_call?,
        tools: tools?,
        per_tool: per_tool?,
        tool_form: tool_form?,
        schema: schema?,
        image: image?,
        per_page: per_page?,
        per_audio_s: per_audio_s?,
    })
}

/// The name of an image rule.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RuleName {
    Tiles,
    Patches,
    Area,
    Crops,
    Fixed,
}

fn image(table: &mut Reader<'_>) -> Option<ImageRule> {
    let rule: RuleName = table.required("rule", field::one_of)?;
    let mut size = |key| table.required(key, field::count(1..=MOST));
    match rule {
        RuleName::Tiles => {
            let (base, tile) = (size("base"), size("tile"));
            Some(ImageRule::Tiles {
                base: base?,
                tile: tile?,
            })
        }
        RuleName::Patches => {
            let (edge, most, percent) = (size("edge"), size("most"), size("percent"));
            Some(ImageRule::Patches {
                edge: edge?,
                most: most?,
                percent: percent?,
            })
        }
        RuleName::Area => {
            let (most_edge, most) = (size("most_edge"), size("most"));
            Some(ImageRule::Area {
                most_edge: most_edge?,
                most: most?,
            })
        }
        RuleName::Crops => Some(ImageRule::Crops {
            crop: size("crop")?,
        }),
        RuleName::Fixed => Some(ImageRule::Fixed {
            tokens: size("tokens")?,
        }),
    }
}

fn amount() -> impl Fn(&super::value::Value) -> Result<u32, String> {
    field::count(0..=MOST)
}
