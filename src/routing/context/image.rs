//! Images: their size from their first bytes, and what a provider's rule makes of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::catalog::ImageRule;

/// Size of an image that cannot be known, such as one on the web: 1,536 × 1,024 pixels.
const UNKNOWN: Pixels = Pixels {
    width: 1536,
    height: 1024,
};
/// How much of an image is decoded for its size, in characters of base64: nearly always the first is
/// enough, but a photo may carry a preview before its own header.
const HEADS: [usize; 2] = [4 << 10, 256 << 10];
/// Edge of what OpenAI looks at in low detail, in pixels.
const LOW_EDGE: u64 = 512;

/// An image of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    size: Pixels,
    detail: Detail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pixels {
    width: u64,
    height: u64,
}

/// How closely the model is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// At a small copy.
    Low,
    /// At all of it; also when the choice is left to the provider.
    Full,
}

impl Image {
    /// Reads the size of an image in a `data:` URL; one on the web counts as 1,536 × 1,024 pixels.
    pub fn of_url(url: &str, detail: Option<&str>) -> Self {
        let data = url
            .get(..5)
            .filter(|scheme| scheme.eq_ignore_ascii_case("data:"));
        let data = data.and_then(|_| Some(url.split_once(',')?.1));
        Self {
            size: data.and_then(size).unwrap_or(UNKNOWN),
            detail: if detail == Some("low") {
                Detail::Low
            } else {
                Detail::Full
            },
        }
    }

    /// Tokens by a provider's rule.
    pub fn tokens(&self, rule: ImageRule) -> u64 {
        match rule {
            ImageRule::Tiles { base, tile } => match self.detail {
                Detail::Low => base.into(),
                Detail::Full => u64::from(base) + u64::from(tile) * self.size.tiles(),
            },
            ImageRule::Patches {
                edge,
                most,
                percent,
            } => {
                let size = match self.detail {
                    Detail::Low => self.size.within(LOW_EDGE),
                    Detail::Full => self.size,
                };
                let patches = size.squares(edge.into()).min(most.into());
                (patches * u64::from(percent)).div_ceil(100)
            }
            ImageRule::Area { most_edge, most } => {
                let Pixels { width, height } = self.size.within(most_edge.into());
                (width * height).div_ceil(750).min(most.into())
            }
            ImageRule::Crops { crop } => u64::from(crop) * self.size.crops(),
            ImageRule::Fixed { tokens } => tokens.into(),
        }
    }
}

/// The size that the first bytes of an image tell.
fn size(data: &str) -> Option<Pixels> {
    HEADS.iter().find_map(|most| {
        let head = data.get(..data.len().min(*most))?;
        let whole = head.get(..head.len() / 4 * 4)?;
        let size = imagesize::blob_size(&STANDARD.decode(whole).ok()?).ok()?;
        let edge = |pixels: usize| u64::from(u32::try_from(pixels).unwrap_or(u32::MAX)).max(1);
        Some(Pixels {
            width: edge(size.width),
            height: edge(size.height),
        })
    })
}

impl Pixels {
    /// Scaled down until the long side is at most `edge`.
    fn within(self, edge: u64) -> Self {
        let long = self.width.max(self.height);
        if long <= edge {
            return self;
        }
        self.scaled(edge, long)
    }

    fn scaled(self, by: u64, of: u64) -> Self {
        Self {
            width: (self.width * by / of).max(1),
            height: (self.height * by / of).max(1),
        }
    }

    /// Squares of an edge that cover the image.
    fn squares(self, edge: u64) -> u64 {
        self.width.div_ceil(edge) * self.height.div_ceil(edge)
    }

    /// OpenAI's tiles: within 2,048 × 2,048, then the short side at most 768, squares of 512.
    fn tiles(self) -> u64 {
        let fitted = self.within(2048);
        let short = fitted.width.min(fitted.height);
        let fitted = if short > 768 {
            fitted.scaled(768, short)
        } else {
            fitted
        };
        fitted.squares(512)
    }

    /// Google's crops: the short side ÷ 1.5, between 256 and 768 pixels, is the edge of one.
    fn crops(self) -> u64 {
        if self.width <= 384 && self.height <= 384 {
            return 1;
        }
        let edge = (self.width.min(self.height) * 2 / 3).clamp(256, 768);
        self.squares(edge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u64, height: u64, detail: Detail) -> Image {
        let size = Pixels { width, height };
        Image { size, detail }
    }

    const TILES: ImageRule = ImageRule::Tiles {
        base: 85,
        tile: 170,
    };

    /// OpenAI's guide "Images and vision" gives these figures.
    #[test]
    fn tiles_are_counted_as_openai_publishes() {
        assert_eq!(image(1024, 1024, Detail::Full).tokens(TILES), 765);
        assert_eq!(image(2048, 4096, Detail::Full).tokens(TILES), 1105);
        assert_eq!(image(4096, 8192, Detail::Low).tokens(TILES), 85);
    }

    /// The same guide: 1,024 × 1,024 is 1,024 patches; a larger image never more than 1,536.
    #[test]
    fn patches_are_counted_as_openai_publishes() {
        let rule = |percent| ImageRule::Patches {
            edge: 32,
            most: 1536,
            percent,
        };
        assert_eq!(image(1024, 1024, Detail::Full).tokens(rule(100)), 1024);
        assert_eq!(image(1800, 2400, Detail::Full).tokens(rule(100)), 1536);
        assert_eq!(image(1024, 1024, Detail::Full).tokens(rule(162)), 1659);
        assert_eq!(image(1024, 1024, Detail::Low).tokens(rule(100)), 256);
    }

    /// Anthropic's page "Vision" lists 200 × 200 as about 54, 1,000 × 1,000 as about 1,334 tokens.
    #[test]
    fn areas_are_counted_as_anthropic_publishes() {
        let rule = ImageRule::Area {
            most_edge: 1568,
            most: 1600,
        };
        assert_eq!(image(200, 200, Detail::Full).tokens(rule), 54);
        assert_eq!(image(1000, 1000, Detail::Full).tokens(rule), 1334);
        assert_eq!(image(1092, 1092, Detail::Full).tokens(rule), 1590);
        assert_eq!(image(8000, 8000, Detail::Full).tokens(rule), 1600);
    }

    /// Google's page "Image understanding": 384 × 384 is 258 tokens, 960 × 540 six crops.
    #[test]
    fn crops_are_counted_as_google_publishes() {
        let rule = ImageRule::Crops { crop: 258 };
        assert_eq!(image(384, 384, Detail::Full).tokens(rule), 258);
        assert_eq!(image(960, 540, Detail::Full).tokens(rule), 6 * 258);
    }

    #[test]
    fn the_size_is_read_from_the_first_bytes() {
        // A GIF's header: 300 × 200 pixels. What follows is never looked at.
        let mut gif = b"GIF89a".to_vec();
        gif.extend([0x2c, 0x01, 0xc8, 0x00, 0, 0, 0]);
        gif.resize(100_000, 0);
        let url = format!("data:image/gif;base64,{}", STANDARD.encode(&gif));
        let size = Pixels {
            width: 300,
            height: 200,
        };
        assert_eq!(Image::of_url(&url, None).size, size);
        for unknown in [
            "https://example.com/a.png",
            "data:image/png;base64,AAAA",
            "data:",
        ] {
            assert_eq!(Image::of_url(unknown, None).size, UNKNOWN);
        }
    }

    #[test]
    fn an_image_as_thin_as_a_line_is_no_overflow() {
        let thin = image(u64::from(u32::MAX), 1, Detail::Full);
        assert_eq!(thin.tokens(TILES), 85 + 170 * 4);
    }
}
