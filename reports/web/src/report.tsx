// Brings the report to life. Verdict, cards and tables are plain HTML that needs none of this.
import { render } from "preact";
import { unpack } from "./block";
import "./page.css";
import { Details, LogTable, Tools, TipBox, ViewTable } from "./panels";
import { Run, type Meta } from "./run";
import { setUpPage } from "./theme";
import { Timeline } from "./timeline";

const byId = (id: string) => document.getElementById(id)!;

/// A card that is folded away is unfolded when an address names it.
function unfold() {
  const card = /^#anomaly-\d+$/.test(location.hash) ? document.querySelector(location.hash) : null;
  if (!card) return;
  for (let at: Element | null = card; at; at = at.parentElement) if (at instanceof HTMLDetailsElement) at.open = true;
  const evidence = card.querySelector("details");
  if (evidence) evidence.open = true;
  card.scrollIntoView();
}

async function main() {
  setUpPage();
  addEventListener("hashchange", unfold);
  unfold();
  try {
    const meta: Meta = JSON.parse(byId("meta").textContent!);
    const run = new Run(meta, await unpack(byId("columns").textContent!));
    let timeline: Timeline | undefined;
    const tell = () => {
      if (!timeline) return;
      render(<Tools timeline={timeline} />, byId("tools"));
      render(<TipBox timeline={timeline} />, byId("tip-box"));
      render(<Details timeline={timeline} />, byId("details"));
      render(<><ViewTable timeline={timeline} /><LogTable timeline={timeline} /></>, byId("tables"));
    };
    timeline = new Timeline(run, byId("canvas") as HTMLCanvasElement, byId("plots"), tell);
    tell();
    for (const button of document.querySelectorAll<HTMLElement>(".jump")) {
      button.addEventListener("click", () => timeline!.jump(Number(button.dataset.anomaly) - 1, true));
    }
    timeline.follow(location.hash);
    run.labels.prepare();
  } catch (error) {
    const trouble = byId("trouble");
    trouble.textContent = `The timeline could not be drawn: ${error instanceof Error ? error.message : error}`;
    trouble.hidden = false;
    console.error(error);
    return;
  }
  document.documentElement.dataset.ready = "true";
}

main();
