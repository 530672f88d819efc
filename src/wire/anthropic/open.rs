//! Blocks of a streamed answer that have begun and not ended.

/// Blocks that are open at the same time, at the most. There is hardly ever more than one.
const MOST_OPEN: usize = 256;

/// A block that has begun.
#[derive(Debug)]
pub(super) enum Block {
    Text,
    Thinking {
        text: String,
        signature: String,
    },
    /// A call with its number. `whole` holds arguments that came with its start, for servers that
    /// send no fragments.
    Call {
        number: usize,
        whole: Option<String>,
    },
    /// The answer to a schema, which is said as text.
    Answer,
    /// Of no meaning to the caller.
    Other,
}

/// The open blocks by their index in the answer.
#[derive(Debug, Default)]
pub(super) struct OpenBlocks(Vec<(u64, Block)>);

impl OpenBlocks {
    /// A block begins; one that was still open under its index is forgotten.
    pub(super) fn begin(&mut self, index: u64, block: Block) {
        self.0.retain(|(known, _)| *known != index);
        if self.0.len() < MOST_OPEN {
            self.0.push((index, block));
        }
    }

    pub(super) fn get(&mut self, index: u64) -> Option<&mut Block> {
        let found = self.0.iter_mut().find(|(known, _)| *known == index);
        found.map(|(_, block)| block)
    }

    /// The block ends.
    pub(super) fn end(&mut self, index: u64) -> Option<Block> {
        let at = self.0.iter().position(|(known, _)| *known == index)?;
        Some(self.0.remove(at).1)
    }

    /// All that are left end, in the order in which they began.
    pub(super) fn end_all(&mut self) -> Vec<(u64, Block)> {
        std::mem::take(&mut self.0)
    }
}
