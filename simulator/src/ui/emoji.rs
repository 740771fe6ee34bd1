//! Purpose: emoji short names (`:tada:`) that bots commonly use, as characters with an accessible name.

use super::html::escape;

/// Short name and character; each name once (checked by a test).
#[rustfmt::skip]
const KNOWN: &[(&str, &str)] = &[
    ("+1", "👍"), ("-1", "👎"), ("ab", "🆎"), ("alarm_clock", "⏰"), ("arrow_down", "⬇️"), ("arrow_left", "⬅️"),
    ("arrow_right", "➡️"), ("arrow_up", "⬆️"), ("arrow_upper_right", "↗️"), ("arrows_counterclockwise", "🔄"),
    ("ballot_box_with_check", "☑️"), ("bar_chart", "📊"), ("beach_with_umbrella", "🏖️"), ("bell", "🔔"), ("black_circle", "⚫"), ("black_square_for_stop", "⏹️"),
    ("blue_book", "📘"), ("book", "📖"), ("bookmark", "🔖"), ("books", "📚"), ("boom", "💥"), ("bug", "🐛"), ("bulb", "💡"),
    ("busts_in_silhouette", "👥"), ("calendar", "📆"), ("chart_with_downwards_trend", "📉"), ("chart_with_upwards_trend", "📈"),
    ("checkered_flag", "🏁"), ("clap", "👏"), ("clipboard", "📋"), ("clock1", "🕐"), ("clock9", "🕘"), ("coffee", "☕"),
    ("construction", "🚧"), ("construction_worker", "👷"), ("dart", "🎯"), ("date", "📅"), ("eyes", "👀"),
    ("exclamation", "❗"), ("fast_forward", "⏩"), ("file_folder", "📁"), ("fire", "🔥"), ("floppy_disk", "💾"), ("gear", "⚙️"),
    ("ghost", "👻"), ("green_heart", "💚"), ("grey_question", "❔"), ("hammer_and_wrench", "🛠️"), ("heart", "❤️"), ("heavy_check_mark", "✔️"),
    ("hourglass", "⌛"), ("hourglass_flowing_sand", "⏳"), ("house", "🏠"), ("inbox_tray", "📥"), ("information_source", "ℹ️"),
    ("key", "🔑"), ("label", "🏷️"), ("large_blue_circle", "🔵"), ("large_green_circle", "🟢"), ("large_orange_circle", "🟠"),
    ("large_yellow_circle", "🟡"), ("link", "🔗"), ("lock", "🔒"), ("mag", "🔍"), ("mega", "📣"), ("memo", "📝"), ("mute", "🔇"),
    ("new", "🆕"), ("newspaper", "📰"), ("no_bell", "🔕"), ("no_entry", "⛔"), ("no_entry_sign", "🚫"), ("ok", "🆗"), ("ok_hand", "👌"),
    ("outbox_tray", "📤"), ("package", "📦"), ("palm_tree", "🌴"), ("paperclip", "📎"), ("pause_button", "⏸️"), ("pencil", "📝"), ("pencil2", "✏️"),
    ("point_right", "👉"), ("pray", "🙏"), ("pushpin", "📌"), ("question", "❓"), ("radio_button", "🔘"), ("raised_hands", "🙌"),
    ("recycle", "♻️"), ("red_circle", "🔴"), ("repeat", "🔁"), ("robot_face", "🤖"), ("rocket", "🚀"), ("rotating_light", "🚨"),
    ("round_pushpin", "📍"), ("scales", "⚖️"), ("scroll", "📜"), ("seedling", "🌱"), ("shield", "🛡️"), ("ship", "🚢"), ("shrug", "🤷"),
    ("slightly_smiling_face", "🙂"), ("smile", "😄"), ("snail", "🐌"), ("sos", "🆘"), ("sparkles", "✨"), ("speech_balloon", "💬"),
    ("star", "⭐"), ("stopwatch", "⏱️"), ("sunrise", "🌅"), ("sunny", "☀️"), ("tada", "🎉"), ("thinking_face", "🤔"), ("thumbsdown", "👎"),
    ("thumbsup", "👍"), ("timer_clock", "⏲️"), ("traffic_light", "🚥"), ("trophy", "🏆"), ("turtle", "🐢"), ("twisted_rightwards_arrows", "🔀"),
    ("unlock", "🔓"), ("vertical_traffic_light", "🚦"), ("warning", "⚠️"), ("wastebasket", "🗑️"), ("wave", "👋"), ("white_check_mark", "✅"),
    ("white_circle", "⚪"), ("wrench", "🔧"), ("x", "❌"), ("zap", "⚡"), ("zzz", "💤"),
];

/// No short name is longer, in bytes.
const LONGEST: usize = 32;

/// The emoji at the start of `text`: its name and character; `None` when there is no known `:name:`.
fn leading(text: &str) -> Option<(&str, &'static str)> {
    let body = text.strip_prefix(':')?;
    let end = body.bytes().take(LONGEST + 1).position(|b| b == b':')?;
    let name = &body[..end];
    KNOWN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, emoji)| (name, *emoji))
}

/// The emoji at the start of `text`, as HTML, and the bytes it took.
pub(crate) fn at_start(text: &str) -> Option<(String, usize)> {
    let (name, emoji) = leading(text)?;
    let spoken = escape(&name.replace('_', " "));
    Some((
        format!(r#"<span class="emoji" role="img" aria-label="{spoken}">{emoji}</span>"#),
        name.len() + 2,
    ))
}

/// `text` with every known `:name:` as its character; still plain text, not HTML.
pub(crate) fn replace(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        out.push_str(&rest[..colon]);
        rest = &rest[colon..];
        let (shown, used) = leading(rest).map_or((":", 1), |(name, emoji)| (emoji, name.len() + 2));
        out.push_str(shown);
        rest = &rest[used..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_becomes_its_character_and_others_stay_text() {
        assert!(at_start(":tada: x").is_some_and(|(html, used)| html.contains("🎉") && used == 6));
        assert_eq!(at_start(":nosuch:"), None);
        assert_eq!(at_start(":12:30"), None);
        assert_eq!(at_start(":ééééééééééééééééééééééééééééééé:"), None);
    }

    #[test]
    fn every_name_is_listed_once() {
        let mut names: Vec<_> = KNOWN.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(names.iter().all(|name| name.len() <= LONGEST));
    }
}
