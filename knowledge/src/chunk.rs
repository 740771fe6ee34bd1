//! Purpose: a document cut into passages that are small enough to be compared, each with the headings it stands under.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use text_splitter::{ChunkConfig, MarkdownSplitter};

/// The longest passage, in characters: about 200 word pieces, so that a model reads all of it.
pub const MOST_CHARACTERS: usize = 800;
/// Characters at the end of a passage that the next may begin with, so that what stands at the cut is in one whole.
pub const OVERLAP: usize = 100;
/// So much is given to the splitter at once: ten passages and more.
const PIECE_BYTES: usize = 8 * 1024;

/// A passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its place in the document, from 0.
    pub ordinal: u32,
    /// The headings over it, the outermost first; where a passage begins with a heading, that one is the last.
    pub heading: Vec<String>,
    /// The text as it stands in the document, without the space around it; at most [`MOST_CHARACTERS`].
    pub text: String,
}

/// Cuts Markdown where its structure allows: at headings, then between blocks, then between sentences. A block of code that
/// fits into a passage stays whole. The same text gives the same passages.
pub fn chunks(markdown: &str) -> Vec<Chunk> {
    located(markdown).into_iter().map(|(_, chunk)| chunk).collect()
}

/// The passages, each with where it begins, in bytes.
fn located(markdown: &str) -> Vec<(usize, Chunk)> {
    let config = ChunkConfig::new(MOST_CHARACTERS)
        .with_overlap(OVERLAP)
        .unwrap_or_else(|_| ChunkConfig::new(MOST_CHARACTERS));
    let headings = headings(markdown);
    let (mut path, mut next, mut done) = (Path::default(), 0, 0);
    let cut = MarkdownSplitter::new(config);
    let pieces = pieces(markdown, &headings).into_iter();
    let found = pieces.flat_map(|(offset, piece)| {
        let found = cut.chunk_indices(piece);
        found.map(move |(at, text)| (offset + at, text))
    });
    let with_heading = found.zip(0..).map(|((start, text), ordinal)| {
        // What was in the passage before is the end of its section, not the beginning of this one.
        let end = start + text.len();
        let new = markdown.get(done.max(start)..end).unwrap_or(text);
        let begins = end - new.trim_start().len();
        while let Some(heading) = headings.get(next).filter(|heading| heading.start <= begins) {
            path.enter(heading);
            next += 1;
        }
        done = done.max(end);
        let chunk = Chunk {
            ordinal,
            heading: path.titles(),
            text: text.to_owned(),
        };
        (start, chunk)
    });
    with_heading.collect()
}

/// Pieces of at most [`PIECE_BYTES`], cut at a heading if one is near the end, else at an empty line, a line, a word; each
/// with where it begins. The splitter's time grows with the square of a paragraph.
fn pieces<'a>(markdown: &'a str, headings: &[Heading]) -> Vec<(usize, &'a str)> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while markdown.len() - start > PIECE_BYTES {
        let middle = markdown.ceil_char_boundary(start + PIECE_BYTES / 2);
        let limit = markdown.floor_char_boundary(start + PIECE_BYTES);
        let before = headings.partition_point(|heading| heading.start <= limit);
        let heading = headings[..before].last().map(|heading| heading.start);
        let half = &markdown[middle..limit];
        let after = |mark: &str| half.rfind(mark).map(|at| middle + at + mark.len());
        let end = heading
            .filter(|at| *at > middle)
            .or_else(|| after("\n\n"))
            .or_else(|| after("\n"))
            .or_else(|| after(" "))
            .unwrap_or(limit);
        pieces.push((start, &markdown[start..end]));
        start = end;
    }
    pieces.push((start, &markdown[start..]));
    pieces
}

/// A heading of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// 1 is the outermost.
    pub(crate) level: u8,
    /// Without its markup.
    pub(crate) title: String,
}

/// The headings of a document, in order. What looks like one inside code is none.
pub(crate) fn headings(markdown: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let mut open: Option<Heading> = None;
    let parser = Parser::new_ext(
        markdown,
        Options::ENABLE_HEADING_ATTRIBUTES | Options::ENABLE_TABLES,
    );
    for (event, range) in parser.into_offset_iter() {
        if let Event::Start(Tag::Heading { level, .. }) = &event {
            open = Some(Heading {
                start: range.start,
                level: *level as u8,
                title: String::new(),
            });
        } else if matches!(event, Event::End(TagEnd::Heading(_))) {
            headings.extend(open.take());
        } else if let Some(heading) = &mut open {
            match event {
                Event::Text(text) | Event::Code(text) => heading.title.push_str(&text),
                Event::SoftBreak | Event::HardBreak => heading.title.push(' '),
                Event::Start(_)
                | Event::End(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_)
                | Event::Html(_)
                | Event::InlineHtml(_)
                | Event::FootnoteReference(_)
                | Event::Rule
                | Event::TaskListMarker(_) => {}
            }
        }
    }
    headings
}

/// The headings over a place.
#[derive(Default)]
struct Path<'a>(Vec<&'a Heading>);

impl<'a> Path<'a> {
    /// Goes on to the next heading: it ends all sections of its level and below.
    fn enter(&mut self, heading: &'a Heading) {
        self.0.retain(|over| over.level < heading.level);
        self.0.push(heading);
    }

    fn titles(&self) -> Vec<String> {
        let titles = self.0.iter().map(|heading| heading.title.trim());
        titles
            .filter(|title| !title.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

#[cfg(test)]
mod tests;
