#include "reports/escape.h"

#include <doctest/doctest.h>

namespace assay {

TEST_CASE("escape: what cannot be seen is spelled out, what can be seen stays") {
  struct Row {
    const char* text;
    const char* shown;
  };
  for (const Row& row : {Row{"plain é 漢 שלום 🙂", "plain é 漢 שלום 🙂"},
                         Row{"a\x01z\x1b[0m\x7f", "a\\u0001z\\u001b[0m\\u007f"},
                         Row{"\xE2\x80\xAE\xE2\x80\xA8\xE2\x80\x8B", "\\u202e\\u2028\\u200b"},
                         Row{"\xff\xfe", "\uFFFD\uFFFD"}, Row{"\xC0\xAF", "\uFFFD\uFFFD"},
                         Row{"\xE2\x82", "\uFFFD\uFFFD"}, Row{"\xED\xA0\x80", "\uFFFD"},
                         Row{"\xC2\x9B", "\\u009b"}, Row{"tab\there\n", "tab\\u0009here\\u000a"}}) {
    CAPTURE(row.shown);
    CHECK(visible(row.text) == row.shown);
  }
  CHECK(visible("a\nb", true) == "a\nb");
}

TEST_CASE("escape: markup becomes text") {
  CHECK(escape_html("<a b=\"c\" d='e'>&") == "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
  CHECK(escape_xml("]]>\n", true) == "]]&gt;\n");
}

TEST_CASE("escape: a JSON string may stand inside a script element") {
  std::string out;
  append_json_string(out, "</script>\"\\\xE2\x80\xA8&\n");
  CHECK(out == "\"\\u003c/script\\u003e\\\"\\\\\\\\u2028\\u0026\\\\u000a\"");
}

TEST_CASE("escape: clipping counts code points and never cuts one in two") {
  CHECK(clip("äöü", 3) == "äöü");
  CHECK(clip("äöüß", 3) == "äö…");
  CHECK(code_points("äö…") == 3);
  CHECK(clip("", 3).empty());
}

TEST_CASE("escape: base64 as in RFC 4648, section 10") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xff\xfb") == "//s=");
}

}  // namespace assay
