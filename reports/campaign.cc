#include "reports/campaign.h"

#include <fmt/format.h>

#include <iterator>

#include "reports/escape.h"
#include "reports/page.h"

namespace assay {
namespace {

std::string small(std::string_view text) {
  return text.empty() ? "" : fmt::format("<small><bdi>{}</bdi></small>", escape_html(text));
}

std::string measures_of(const CampaignRow& row) {
  std::string text;
  for (const auto& [name, value] : row.measures) {
    text += fmt::format("{}{} {:.3g}", text.empty() ? "" : ", ", name, value);
  }
  return text;
}

void append_row(std::string& out, const CampaignRow& row) {
  const std::string repeat =
      row.command.empty() ? "" : fmt::format("<code>{}</code>", escape_html(row.command));
  fmt::format_to(
      std::back_inserter(out),
      "<tr><td class=\"claim\"><bdi>{}</bdi>{}</td><td><bdi>{}</bdi>{}</td>"
      "<td><bdi>{}</bdi>{}{}{}</td><td class=\"{}\">{}<small>{} runs, {:.1f} s</small></td></tr>",
      escape_html(row.claim), small(row.source), escape_html(row.experiment), small(row.name),
      escape_html(row.verdict), small(row.because), small(measures_of(row)), repeat,
      row.as_expected ? "yes" : "no",
      row.as_expected ? "as expected" : "not as expected: " + escape_html(row.expected), row.runs,
      row.seconds);
}

}  // namespace

std::string render_campaign_html(const CampaignSummary& campaign) {
  std::size_t rows = 0;
  std::size_t expected = 0;
  std::string sections;
  for (const CampaignSection& section : campaign.sections) {
    fmt::format_to(std::back_inserter(sections), "<h2><bdi>{}</bdi></h2><p class=\"note\">{}</p>",
                   escape_html(section.title), escape_html(section.about));
    sections +=
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"campaign\"><thead><tr><th "
        "scope=\"col\">Claim</th>"
        "<th scope=\"col\">Experiment</th><th scope=\"col\">What came out</th>"
        "<th scope=\"col\">As expected?</th></tr></thead><tbody>";
    for (const CampaignRow& row : section.rows) {
      append_row(sections, row);
      ++rows;
      if (row.as_expected) ++expected;
    }
    sections += "</tbody></table></div>";
  }
  const std::string body = fmt::format(
      "<h1><bdi>{0}</bdi></h1><p class=\"banner {3}\"><strong>{1} of {2} experiments came out as "
      "expected</strong> <span>{4}, {5:.0f} s</span></p>{6}",
      escape_html(campaign.title), expected, rows, expected == rows ? "pass" : "violation",
      campaign.executor == "sim" ? "in the simulated world" : "on real processes in the lab",
      campaign.seconds, sections);
  const std::string title =
      fmt::format("{}: {} of {} as expected", escape_html(campaign.title), expected, rows);
  return fill_template(plain_template(), {{"title", title}, {"body", body}});
}

}  // namespace assay
