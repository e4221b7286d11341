// What every page with a script has: the choice of colours, and buttons that copy.
export function setUpPage() {
  const root = document.documentElement;
  root.dataset.script = "true";
  document.getElementById("theme")?.addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme ?? (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    document.dispatchEvent(new Event("themechange"));
  });
  // On paper nothing can be unfolded; what says the same again, of further anomalies, would only fill it.
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll<HTMLDetailsElement>("main details:not(.more, .more *)")) folded.open = true;
  });
  for (const button of document.querySelectorAll<HTMLElement>(".copy")) {
    button.addEventListener("click", async () => {
      const text = button.parentElement!.querySelector("code")!;
      try {
        await navigator.clipboard.writeText(text.textContent ?? "");
        button.textContent = "Copied";
      } catch {
        getSelection()?.selectAllChildren(text);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }
}
