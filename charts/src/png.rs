//! Purpose: SVG to PNG, with the font of this crate and nothing of the machine.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// The one font; its licence is beside it.
pub(crate) const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");

/// Reading the font takes longer than drawing a picture.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    Arc::new(fonts)
});

/// Why there is no picture. None of it depends on what is drawn.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// What was put together is no SVG.
    #[error("the picture cannot be read: {0}")]
    Unreadable(String),
    /// There is no room for its pixels, or they cannot be packed.
    #[error("the picture cannot be drawn: {0}")]
    Undrawable(String),
}

/// Draws `svg` in its own size.
pub(crate) fn draw(svg: &str) -> Result<Vec<u8>, ChartError> {
    let options = Options {
        fontdb: Arc::clone(&FONTS),
        font_family: "DejaVu Sans".to_owned(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| ChartError::Unreadable(error.to_string()))?;
    let size = tree.size().to_int_size();
    let mut pixels = Pixmap::new(size.width(), size.height())
        .ok_or_else(|| ChartError::Undrawable("no room for its pixels".to_owned()))?;
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    pixels
        .encode_png()
        .map_err(|error| ChartError::Undrawable(error.to_string()))
}

#[cfg(test)]
pub(crate) mod tests {
    use resvg::tiny_skia::Pixmap;

    /// The width and height of a PNG, which can be unpacked.
    pub(crate) fn size(png: &[u8]) -> (u32, u32) {
        let pixels = Pixmap::decode_png(png).unwrap();
        (pixels.width(), pixels.height())
    }
}
