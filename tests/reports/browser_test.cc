// Opens reports in headless Chromium, without a network, and looks at what happened: the script
// drew, the policy held, nothing was asked of any host. Leaves pictures in report-screenshots/.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "reports/report.h"
#include "tests/reports/example.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(ASSAY_BINARY_DIR) / "report-screenshots";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int shell(const std::string& command) {
  return std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
}

bool chromium_is_missing() {
  if (shell("command -v chromium >/dev/null 2>&1") == 0) return false;
  std::puts("skipped: no chromium");
  return true;
}

struct Visit {
  bool finished = false;
  std::string page;     ///< the DOM after the script ran
  std::string console;  ///< lines the page wrote, or the browser about the page
  std::string hosts;    ///< addresses the page asked for, one a line
};

std::string lines_with(const std::string& text, std::string_view part) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(part) != std::string::npos) out += line + "\n";
  }
  return out;
}

/// Addresses that the page asked for, by a network log of one event a line. What the browser asks
/// for on its own has no origin; the page has one, if only "null".
std::string requested(const std::string& log) {
  std::istringstream lines(log);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t address = line.find("\"url\":\"http");
    if (address == std::string::npos || line.find("\"initiator\":") == std::string::npos) continue;
    if (line.find("\"initiator\":\"not an origin\"") != std::string::npos) continue;
    out += line.substr(address + 7, line.find('"', address + 7) - address - 7) + "\n";
  }
  return out;
}

/// One visit dumps the DOM; another takes the picture: Chromium does one of the two at a time.
Visit visit(const std::string& name, const std::string& html, int height = 2400,
            const std::string& anchor = "") {
  fs::create_directories(folder);
  const fs::path page = folder / (name + ".html");
  std::ofstream(page, std::ios::binary) << html;
  const fs::path work =
      fs::temp_directory_path() / fmt::format("assay-browser-{}-{}", name, getpid());
  fs::remove_all(work);
  fs::create_directories(work);
  const std::string common = fmt::format(
      "cd '{0}' && timeout -k 5 150 chromium --headless --no-sandbox --disable-gpu --disable-quic "
      "--no-first-run --disable-background-networking --disable-component-update --disable-sync "
      "--disable-default-apps --disable-extensions --disable-dev-shm-usage "
      "--host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir='{0}/profile' "
      "--enable-logging=stderr --v=0 --virtual-time-budget=20000 --window-size=1400,{1} ",
      work.string(), height);
  const std::string target = fmt::format("'file://{}{}'", page.string(), anchor);
  Visit result;
  const int dumped =
      shell(common + "--log-net-log=net.json --dump-dom " + target + " >dom.html 2>log.txt");
  const int drawn =
      shell(common + fmt::format("--screenshot='{}' ", (folder / (name + ".png")).string()) +
            target + " >/dev/null 2>log2.txt");
  result.finished = dumped == 0 && drawn == 0;
  result.page = read(work / "dom.html");
  result.console = lines_with(read(work / "log.txt"), "CONSOLE") +
                   lines_with(read(work / "log2.txt"), "CONSOLE");
  result.hosts = requested(read(work / "net.json"));
  if (!result.finished) result.console += read(work / "log.txt") + read(work / "log2.txt");
  fs::remove_all(work);
  return result;
}

std::string html_of(const example::Report& report) {
  return render_html(report.run, report.history, report.result);
}

void check_clean(const Visit& visit) {
  CAPTURE(visit.console);
  CHECK(visit.finished);
  CHECK(visit.console.empty());
  CHECK(visit.hosts == "");
  CHECK(visit.page.find("data-ready=\"true\"") != std::string::npos);
}

}  // namespace

TEST_CASE("browser: a violation is drawn without a complaint or a request") {
  if (chromium_is_missing()) return;
  check_clean(visit("violation", html_of(example::violation()), 2900));
}

TEST_CASE("browser: transactions that skew, and the models that they break") {
  if (chromium_is_missing()) return;
  check_clean(visit("write-skew", html_of(example::write_skew()), 2600));
  check_clean(visit("write-skew-hostile", html_of(example::write_skew(example::hostile)), 3200));
}

TEST_CASE("browser: hostile text is shown and never run") {
  if (chromium_is_missing()) return;
  const Visit seen = visit("hostile", html_of(example::hostile_violation()), 4200, "#op=9");
  check_clean(seen);
  // Selecting the operation by its address puts its texts through the script's side of the page.
  const std::size_t details = seen.page.find("id=\"details\"");
  REQUIRE(details != std::string::npos);
  CHECK(seen.page.find("Selected operation", details) != std::string::npos);
  CHECK(seen.page.find("<img") == std::string::npos);
  CHECK(seen.page.find("alert(1)&gt;") != std::string::npos);
}

TEST_CASE("browser: a hundred thousand operations, dark") {
  if (chromium_is_missing()) return;
  std::string html = html_of(example::large_pass(100'000, 5));
  const std::string light = "<html lang=\"en\"";
  html.replace(html.find(light), light.size(), "<html lang=\"en\" data-theme=\"dark\"");
  check_clean(visit("large-dark", html, 1900));
}

TEST_CASE("browser: a history without times is drawn") {
  if (chromium_is_missing()) return;
  check_clean(visit("without-times", html_of(example::without_times()), 2700, "#anomaly=1"));
}

TEST_CASE("browser: the timeline answers to mouse, wheel, keys and buttons") {
  if (chromium_is_missing()) return;
  std::string html = html_of(example::violation());
  const std::size_t policy = html.find("<meta http-equiv");
  html.erase(policy, html.find('>', policy) + 1 - policy);
  html.insert(html.find("</body>"), R"(<script>
    const range = () => document.getElementById("range").textContent;
    const settle = () => new Promise((done) => setTimeout(done, 100));
    const failures = [];
    const expect = async (name, holds) => {
      for (let tries = 0; tries < 40; tries++) {
        if (holds()) return;
        await settle();
      }
      failures.push(name);
    };
    (async () => {
      while (document.documentElement.dataset.ready !== "true") await settle();
      const canvas = document.getElementById("canvas");
      const at = (x, y) => {
        const box = canvas.getBoundingClientRect();
        return { clientX: box.left + x, clientY: box.top + y, bubbles: true };
      };
      const whole = range();
      canvas.focus();
      canvas.dispatchEvent(new WheelEvent("wheel", { ...at(500, 50), deltaY: -400 }));
      await expect("wheel zooms", () => range() !== whole);
      document.querySelector("[data-act=fit]").click();
      await expect("button shows the whole run", () => range() === whole);
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "n" }));
      await expect("n goes to the anomaly", () => range() !== whole);
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "j" }));
      const details = () => document.getElementById("details").textContent;
      const first = details();
      await expect("j selects", () => first.includes("Selected operation"));
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "j" }));
      await expect("j goes on", () => details() !== first);
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
      await expect("escape clears", () => details() === "");
      document.querySelector(".jump").click();
      const tip = document.getElementById("tip");
      let seen = "";
      for (let y = 0; y < canvas.clientHeight && !seen; y += 5) {
        for (let x = 120; x < canvas.clientWidth && !seen; x += 20) {
          canvas.dispatchEvent(new PointerEvent("pointermove", at(x, y)));
          if (!tip.hidden && tip.textContent.includes("process")) seen = tip.textContent;
        }
      }
      await expect("hovering tells of the operation", () => seen.includes("acknowledged"));
      document.querySelector("#view-table summary").click();
      const rows = () => document.querySelectorAll("#view-table tr").length;
      await expect("the table lists what is in view", () => rows() > 3);
      document.getElementById("theme").click();
      document.documentElement.dataset.tried = failures.length ? failures.join("; ") : "all";
    })();
  </script>)");
  const Visit used = visit("interaction", html);
  CAPTURE(used.console);
  CHECK(used.console.empty());
  const std::size_t tried = used.page.find("data-tried=\"");
  REQUIRE(tried != std::string::npos);
  const std::size_t begin = tried + std::string_view("data-tried=\"").size();
  CHECK(used.page.substr(begin, used.page.find('"', begin) - begin) == "all");
  fs::remove(folder / "interaction.html");
  fs::remove(folder / "interaction.png");
}

TEST_CASE("browser: this test notices scripts, requests and complaints") {
  if (chromium_is_missing()) return;
  std::string html = html_of(example::violation());
  html.insert(html.find("<footer>"),
              "<script>document.title = 'run'</script><img src=\"http://assay.invalid/a.png\">");
  const Visit blocked = visit("canary", html);
  CHECK(blocked.console.find("Content Security Policy") != std::string::npos);
  CHECK(blocked.page.find("<title>run</title>") == std::string::npos);
  const std::size_t policy = html.find("<meta http-equiv");
  html.erase(policy, html.find('>', policy) + 1 - policy);
  const Visit asked = visit("canary", html);
  CHECK(asked.hosts.find("http://assay.invalid/a.png") != std::string::npos);
  CHECK(asked.page.find("<title>run</title>") != std::string::npos);
  fs::remove(folder / "canary.png");
  fs::remove(folder / "canary.html");
}

}  // namespace assay
