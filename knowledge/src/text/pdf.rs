//! Purpose: the text of a PDF file's pages, as far as they hold any.
//!
//! The library panics at much that is wrong in a file, page by page, and follows references wherever they lead. So loops are
//! looked for before, and what is wrong with one page costs that page only.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Dictionary, Document, Object, ObjectId, PlainTextOutput, Stream, decode_text_string};

use super::Skip;
use super::guard::guarded;

/// What is longer is an archive, and is read so far.
const MOST_PAGES: usize = 2_000;
/// Drawings in drawings, and folders of pages in folders of pages. People's files have three or four levels.
const DEEPEST: usize = 16;
/// Drawings in drawings, counted along every way.
const MOST_DRAWINGS: usize = 10_000;

/// The title that the file gives itself, and the text of its pages.
pub(super) fn read(bytes: &[u8]) -> Result<(Option<String>, String), Skip> {
    let bytes = bytes.to_owned();
    guarded(move || pages(&bytes)).flatten().ok_or(Skip::NoText)
}

fn pages(bytes: &[u8]) -> Option<(Option<String>, String)> {
    let mut document = Document::load_mem(bytes).ok()?;
    if document.is_encrypted() {
        // Many files may be read by everybody and only not be changed.
        document.decrypt("").ok()?;
    }
    leave_out_pictures(&mut document);
    let numbers: Vec<(u32, ObjectId)> = document.get_pages().into_iter().collect();
    let texts: Vec<String> = numbers
        .into_iter()
        .take(MOST_PAGES)
        .filter(|(_, page)| has_an_end(&document, *page))
        .map(|(number, _)| page(&document, number))
        .collect();
    let text = texts.join("\n\n");
    text.contains(char::is_alphanumeric)
        .then(|| (title(&document), text))
}

fn page(document: &Document, number: u32) -> String {
    let mut text = String::new();
    let read = catch_unwind(AssertUnwindSafe(|| {
        let mut output = PlainTextOutput::new(&mut text);
        pdf_extract::output_doc_page(document, &mut output, number)
    }));
    // What was read before it went wrong is there.
    if !matches!(read, Ok(Ok(()))) {
        tracing::debug!(number, "a page was not read to its end");
    }
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

fn title(document: &Document) -> Option<String> {
    let about = dictionary(document, document.trailer.get(b"Info").ok()?)?;
    let (_, title) = document.dereference(about.get(b"Title").ok()?).ok()?;
    decode_text_string(title).ok()
}

/// Empties what is drawn inside pages and holds no text: pictures. Drawings that lead to themselves are emptied too, and
/// those that take their fonts from whoever draws them, because they could.
fn leave_out_pictures(document: &mut Document) {
    let unsound = !drawings_have_an_end(document);
    for object in document.objects.values_mut() {
        let Object::Stream(stream) = object else { continue };
        let is_form = is(stream, b"Form");
        let is_open = is_form && !stream.dict.has(b"Resources");
        if is(stream, b"Image") || is_open || (is_form && unsound) {
            stream.dict.remove(b"Filter");
            stream.set_content(Vec::new());
        }
    }
}

fn is(stream: &Stream, kind: &[u8]) -> bool {
    stream
        .dict
        .get(b"Subtype")
        .and_then(Object::as_name)
        .is_ok_and(|name| name == kind)
}

/// Whether drawings in drawings end somewhere.
fn drawings_have_an_end(document: &Document) -> bool {
    let forms = document.objects.iter().filter_map(|(id, object)| {
        let is_form = object.as_stream().is_ok_and(|stream| is(stream, b"Form"));
        is_form.then_some((*id, 0))
    });
    let mut open: Vec<(ObjectId, usize)> = forms.collect();
    let most = open.len() + MOST_DRAWINGS;
    let mut seen = 0;
    while let Some((id, depth)) = open.pop() {
        seen += 1;
        if depth > DEEPEST || seen > most {
            return false;
        }
        open.extend(drawn_in(document, id).into_iter().map(|inner| (inner, depth + 1)));
    }
    true
}

fn drawn_in(document: &Document, id: ObjectId) -> Vec<ObjectId> {
    let inner = || -> Option<Vec<ObjectId>> {
        let stream = document.get_object(id).ok()?.as_stream().ok()?;
        let resources = dictionary(document, stream.dict.get(b"Resources").ok()?)?;
        let drawings = dictionary(document, resources.get(b"XObject").ok()?)?;
        let ids = drawings
            .iter()
            .filter_map(|(_, object)| object.as_reference().ok());
        Some(ids.collect())
    };
    inner().unwrap_or_default()
}

/// Whether the folders that a page is in end somewhere; the library looks for what a page lacks in them.
fn has_an_end(document: &Document, page: ObjectId) -> bool {
    let mut at = document.get_dictionary(page).ok();
    for _ in 0..DEEPEST * 4 {
        let Some(parent) = at.and_then(|dictionary| dictionary.get(b"Parent").ok()) else {
            return true;
        };
        at = dictionary(document, parent);
    }
    false
}

fn dictionary<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Dictionary> {
    document
        .dereference(object)
        .ok()
        .and_then(|(_, object)| object.as_dict().ok())
}
