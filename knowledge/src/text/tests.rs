//! What people's files look like, and what broken ones do.

use proptest::prelude::*;

use super::*;

fn text(name: &str, content: &str) -> ExtractedText {
    extract(name, content.as_bytes()).unwrap()
}

#[test]
fn markdown_loses_its_settings_and_keeps_their_title() {
    let found = text(
        "docs/rollback.md",
        "---\ntitle: \"Roll back\"\ntags: [a]\n---\n# Heading\n\nWords.\n",
    );
    assert_eq!(found.title, "Roll back");
    assert_eq!(found.body, "# Heading\n\nWords.");
}

#[test]
fn a_line_at_the_beginning_is_no_settings() {
    let found = text("a.md", "---\n\nWords between lines.\n\n---\n\n## What it is\n");
    assert!(found.body.starts_with("---\n\nWords"), "{}", found.body);
    assert_eq!(found.title, "What it is");

    let open = text("a.md", "---\ntitle: never ended\n");
    assert_eq!(
        (open.title.as_str(), open.body.as_str()),
        ("a", "---\ntitle: never ended")
    );
}

#[test]
fn a_file_without_a_title_is_called_by_its_name() {
    assert_eq!(text("runbooks/on call.txt", "Who is it?").title, "on call");
    assert_eq!(text("C:\\x\\LICENSE", "Text").title, "LICENSE");
    assert_eq!(text(".hidden", "Text").title, ".hidden");
}

#[test]
fn a_web_page_becomes_markdown_without_its_scripts() {
    let page = "<!DOCTYPE html><html><head><title>On call &amp; off\n</title><style>p{}</style></head><body>\
                <script>alert('no')</script><h1>On call</h1><p>Ask <b>Ana</b>.</p><ul><li>one</li></ul>\
                <pre><code>make &lt;all&gt;</code></pre></body></html>";
    for name in ["a.html", "a", "a.txt"] {
        let found = text(name, page);
        assert_eq!(found.title, "On call & off");
        assert!(
            found.body.starts_with("# On call\n\nAsk **Ana**."),
            "{}",
            found.body
        );
        assert!(found.body.contains("make <all>"), "{}", found.body);
        assert!(
            !found.body.contains("alert") && !found.body.contains("p{}"),
            "{}",
            found.body
        );
    }
    assert_eq!(text("b.html", "<h2>First</h2><p>x</p>").title, "First");
    assert_eq!(extract("c.html", b"<script>only()</script>"), Err(Skip::NoText));
}

#[test]
fn a_page_nested_without_end_is_read_as_its_bare_text() {
    let page = format!("<html>{}deep inside", "<div>".repeat(200_000));
    assert_eq!(text("a.html", &page).body, "deep inside");
    // within what is parsed
    let page = format!("<html>{}deep inside", "<b><div>".repeat(450));
    assert!(text("a.html", &page).body.contains("deep inside"));
}

#[test]
fn rst_gets_markdowns_headings() {
    let found = text(
        "guide.rst",
        "======\nDeploy\n======\n\nWords.\n\nRoll back\n---------\n\nMore::\n\n   # not a heading\n   make\n\n\
         Deep\n~~~~\n\nForward\n-------\n\n.. code-block:: sh\n   :linenos:\n\n   echo hi\n\nEnd.\n",
    );
    assert_eq!(found.title, "Deploy");
    let headings: Vec<_> = crate::chunk::headings(&found.body)
        .into_iter()
        .map(|heading| (heading.level, heading.title))
        .collect();
    let expected = [(1, "Deploy"), (2, "Roll back"), (3, "Deep"), (2, "Forward")];
    assert_eq!(headings, expected.map(|(level, title)| (level, title.to_owned())));
    assert!(
        found.body.contains("More:\n\n```\n# not a heading\nmake\n```"),
        "{}",
        found.body
    );
    assert!(
        found.body.contains("```sh\necho hi\n```\n\nEnd."),
        "{}",
        found.body
    );
}

#[test]
fn a_programs_comments_are_no_headings() {
    let found = text("deploy.sh", "#!/bin/sh\n# Deploys\nmake ```x\n```\n");
    assert_eq!(found.body, "````sh\n#!/bin/sh\n# Deploys\nmake ```x\n```\n````");
    assert_eq!(crate::chunk::headings(&found.body), []);
}

#[test]
fn broken_characters_are_replaced_and_other_encodings_read() {
    let found = extract("a.txt", b"\xef\xbb\xbfgr\xfc\xdfe aus der alten Welt\r\nzwei\x07").unwrap();
    assert_eq!(found.body, "gr\u{fffd}\u{fffd}e aus der alten Welt\nzwei");
    let wide: Vec<u8> = "\u{feff}Übergabe 🚀"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(extract("a.txt", &wide).unwrap().body, "Übergabe 🚀");
}

#[test]
fn what_is_no_text_has_a_reason() {
    assert_eq!(extract("a.png", b"\x89PNG\r\n\x1a\n\0\0\0"), Err(Skip::Binary));
    assert_eq!(
        extract("a.txt", &[0xf0, 0x9f, 0x80, 0xff, 0xfe, b'x']),
        Err(Skip::Binary)
    );
    assert_eq!(extract("a.md", b""), Err(Skip::Empty));
    assert_eq!(extract("a.md", b" \n\t\r\n"), Err(Skip::Empty));
    assert_eq!(extract("a.txt", &vec![b'x'; MOST_BYTES + 1]), Err(Skip::TooLarge));
    assert_eq!(extract("a.pdf", b"%PDF-1.7 and nothing else"), Err(Skip::NoText));
}

/// A PDF file of these objects, the first of which is the catalogue.
fn pdf(objects: &[String]) -> Vec<u8> {
    let mut file = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (object, number) in objects.iter().zip(1..) {
        places.push(format!("{:010} 00000 n \n", file.len()));
        file = format!("{file}{number} 0 obj\n{object}\nendobj\n");
    }
    let (start, size, places) = (file.len(), objects.len() + 1, places.concat());
    let trailer = format!("<< /Size {size} /Root 1 0 R /Info 5 0 R >>");
    let end = format!(
        "xref\n0 {size}\n0000000000 65535 f \n{places}trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n"
    );
    (file + &end).into_bytes()
}

fn stream(entries: &str, content: &str) -> String {
    format!(
        "<< {entries} /Length {} >>\nstream\n{content}\nendstream",
        content.len()
    )
}

/// One page with this content, and these further objects from number 7 on.
fn page(content: &str, pages: &str, more: &[String]) -> Vec<u8> {
    let font = "/Font << /F1 6 0 R >>";
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [3 0 R] /Count 1 {pages} >>"),
        format!(
            "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << {font} /XObject << /X1 7 0 R >> >> >>"
        ),
        stream("", content),
        "<< /Title (Handover) >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    objects.extend_from_slice(more);
    pdf(&objects)
}

const BOX: &str = "/MediaBox [0 0 600 800]";
const HELLO: &str = "BT /F1 12 Tf 72 700 Td (Roll back the release) Tj ET";

#[test]
fn the_text_of_a_pdf_is_read() {
    let found = extract("a.pdf", &page(HELLO, BOX, &[])).unwrap();
    assert_eq!(found.title, "Handover");
    assert_eq!(found.body, "Roll back the release");
}

#[test]
fn a_pdf_of_pictures_has_no_text() {
    let picture = stream(
        "/Type /XObject /Subtype /Image /Width 1 /Height 1",
        "\u{1}(no) Tj",
    );
    let found = extract("a.pdf", &page("/X1 Do", BOX, &[picture]));
    assert_eq!(found, Err(Skip::NoText));
}

#[test]
fn a_pdf_that_leads_to_itself_comes_to_an_end() {
    // a drawing that draws itself, with its own resources and with those of whoever draws it
    let itself = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X1 7 0 R >> >>",
        "/X1 Do",
    );
    let inherits = stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", "/X1 Do");
    for drawing in [itself, inherits] {
        let content = format!("{HELLO} /X1 Do");
        let found = extract("a.pdf", &page(&content, BOX, &[drawing])).unwrap();
        assert_eq!(found.body, "Roll back the release");
    }
    // a folder of pages that is in itself
    let found = extract("a.pdf", &page(HELLO, "/Parent 2 0 R", &[]));
    assert_eq!(found, Err(Skip::NoText));
}

#[test]
fn what_a_pdf_says_before_it_breaks_is_kept() {
    let content = format!("{HELLO} /Missing Do");
    let found = extract("a.pdf", &page(&content, BOX, &[])).unwrap();
    assert_eq!(found.body, "Roll back the release");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_bytes_there_is_an_answer(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        name in prop::sample::select(vec!["a.md", "a.html", "a.rst", "a.pdf", "a.py", "a"]),
    ) {
        check(name, &bytes);
    }

    #[test]
    fn whatever_the_text_there_is_an_answer(
        text in "([<>/a-z!#=\\-~: \n.`\\[\\]|\"&;]|---\n|<div>|</p>|<pre>|::\n|====\n|\\PC){0,300}",
        name in prop::sample::select(vec!["a.md", "a.html", "a.rst", "a.py", "a"]),
    ) {
        check(name, text.as_bytes());
    }

    #[test]
    fn a_pdf_with_a_wrong_byte_has_an_answer(at in 0_usize..700, byte in any::<u8>()) {
        let mut file = page(HELLO, BOX, &[]);
        let at = at % file.len();
        file[at] = byte;
        check("a.pdf", &file);
    }
}

fn check(name: &str, bytes: &[u8]) {
    let Ok(found) = extract(name, bytes) else { return };
    assert!(!found.title.contains('\n') && !found.body.is_empty(), "{found:?}");
    let is_clean = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
    assert!(found.body.chars().all(is_clean), "{found:?}");
    for chunk in crate::chunk::chunks(&found.body) {
        assert!(chunk.text.chars().count() <= crate::chunk::MOST_CHARACTERS);
    }
}
