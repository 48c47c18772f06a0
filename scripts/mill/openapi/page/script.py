"""What needs a script: a filter, copying, opening what an address names. The page reads without it."""

from __future__ import annotations

SCRIPT = """
const filter = document.querySelector(".filter"), field = filter.querySelector("input");
const found = document.querySelector("#found");
const cards = [...document.querySelectorAll("article")];
const words = new Map(cards.map(card => [card, card.dataset.words.toLowerCase()]));
filter.hidden = false;
const narrow = () => {
  const wanted = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const card of cards) {
    card.hidden = !wanted.every(word => words.get(card).includes(word));
    if (!card.hidden) shown += 1;
  }
  for (const part of document.querySelectorAll("main > section"))
    part.hidden = !part.querySelector("article:not([hidden])");
  found.textContent = wanted.length ? `${shown} of ${cards.length} shown` : "";
};
field.addEventListener("input", narrow);
narrow();
for (const line of navigator.clipboard ? document.querySelectorAll(".line") : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(line.querySelector("pre").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  line.append(button);
}
const open = () => {
  const named = location.hash && document.getElementById(location.hash.slice(1));
  if (!named) return;
  if (named.closest("[hidden]")) {
    field.value = "";
    narrow();
  }
  if (named.matches("article")) named.querySelector("details").open = true;
  named.scrollIntoView();
};
addEventListener("hashchange", open);
open();
"""
