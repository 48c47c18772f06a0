"""The HTML of the inbox, whole: styles and script are part of it."""

from __future__ import annotations

PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbox of the twins</title>
<style>
:root { --ink: #111827; --faint: #6b7280; --line: #e5e7eb; --paper: #ffffff; --back: #f3f4f6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f3f4f6; --faint: #9ca3af; --line: #374151; --paper: #1f2937; --back: #111827; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 860px; padding: 24px 16px 64px; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 22px; margin: 0 }
header p { color: var(--faint); margin: 4px 0 16px }
nav { display: flex; gap: 8px; flex-wrap: wrap; margin-bottom: 16px }
button { font: inherit; color: inherit; padding: 4px 12px; border: 1px solid var(--line); border-radius: 16px;
  background: var(--paper); cursor: pointer }
button[aria-pressed=true] { background: var(--ink); color: var(--paper) }
article { background: var(--paper); border: 1px solid var(--line);
  border-left: 4px solid var(--bar, var(--line)); border-radius: 6px;
  padding: 12px 16px; margin-bottom: 12px; overflow-wrap: anywhere }
.top { display: flex; gap: 8px; align-items: baseline; flex-wrap: wrap; color: var(--faint); font-size: 13px }
.kind { font-weight: 600; color: var(--ink) } .when { margin-left: auto }
.title { font-weight: 600; font-size: 16px; margin: 8px 0 4px } .text { white-space: pre-wrap; margin: 4px 0 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 8px 0 }
dt { color: var(--faint) } dd { margin: 0 }
iframe { width: 100%; height: 320px; border: 1px solid var(--line); border-radius: 4px; background: #ffffff }
summary { cursor: pointer; color: var(--faint); font-size: 13px }
pre { font-size: 12px; white-space: pre-wrap; margin: 8px 0 0 }
#empty { color: var(--faint); text-align: center; padding: 48px 0 }
</style></head>
<body>
<header><h1>Inbox of the twins</h1><p id="count" role="status">Reading...</p></header>
<nav aria-label="Which messages"></nav>
<main></main><p id="empty" hidden>Nothing was sent yet. Send something to a twin, then reload.</p>
<script>
const TWINS = ["slack", "twilio", "resend", "sendgrid"];
const KINDS = {slack: "Slack", sms: "SMS", mms: "MMS", whatsapp: "WhatsApp", email: "E-mail"};
const plain = text => (text || "").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const add = (parent, tag, text, kind) => {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  return parent.appendChild(made);
};

function kindOf(twin, body) {
  if (twin === "slack") return "slack";
  if (twin !== "twilio") return "email";
  if (body.to.startsWith("whatsapp:")) return "whatsapp";
  return body.num_media === "0" ? "sms" : "mms";
}

function showSlack(card, body) {
  const attachments = body.attachments || [];
  const coloured = attachments.find(one => one.color);
  if (coloured) card.style.setProperty("--bar", coloured.color);
  const blocks = [...(body.blocks || []), ...attachments.flatMap(one => one.blocks || [])];
  if (!blocks.length) add(card, "p", plain(body.text), "text");
  for (const block of blocks) {
    if (block.type === "header") add(card, "p", plain(block.text.text), "title");
    else if (block.text) add(card, "p", plain(block.text.text), "text");
    if (block.fields) {
      const list = add(card, "dl");
      block.fields.forEach((field, place) =>
        add(list, place % 2 ? "dd" : "dt", plain(field.text).replace(/^\\*(.*)\\*$/, "$1")));
    }
  }
}

function showMail(card, body) {
  add(card, "p", body.subject || "(the template's subject)", "title");
  const content = body.content || [];
  const html = body.html || (content.find(part => part.type === "text/html") || {}).value;
  const text = body.text || (content.find(part => part.type === "text/plain") || {}).value;
  if (html) {
    const frame = add(card, "iframe");
    frame.title = "The e-mail";
    frame.sandbox = "";
    frame.srcdoc = html;
  } else if (text) add(card, "p", text, "text");
  for (const file of body.attachments || []) add(card, "p", "Attached: " + file.filename, "text");
}

function receiver(twin, entry) {
  const body = entry.body;
  if (twin === "slack") return "#" + body.channel_name + (body.via === "webhook" ? " (webhook)" : "");
  if (twin === "twilio") return body.to.replace("whatsapp:", "");
  const people = ["to", "cc", "bcc"].flatMap(name => body[name] || []);
  return people.map(one => one.email || one).join(", ");
}

function show(twin, entry) {
  const card = document.createElement("article");
  const kind = kindOf(twin, entry.body);
  card.dataset.kind = kind;
  const top = add(card, "div", "", "top");
  add(top, "span", KINDS[kind], "kind");
  add(top, "span", "to " + receiver(twin, entry));
  if (kind === "email") add(top, "span", "by " + twin);
  if (kind === "sms") add(top, "span", count(Number(entry.body.num_segments), "segment"));
  add(top, "time", new Date(entry.at * 1000).toLocaleString(), "when");
  if (kind === "slack") showSlack(card, entry.body);
  else if (kind === "email") showMail(card, entry.body);
  else add(card, "p", entry.body.body, "text");
  const details = add(card, "details");
  add(details, "summary", "As it was sent");
  add(details, "pre", JSON.stringify(entry.body, null, 2));
  return card;
}

function filter(kind) {
  for (const card of document.querySelectorAll("article"))
    card.hidden = kind !== "" && card.dataset.kind !== kind;
  for (const one of document.querySelectorAll("nav button")) one.ariaPressed = String(one.value === kind);
}

async function read(twin) {
  const entries = [];
  for (let after = 0; after !== null;) {
    const reply = await fetch(`/twins/${twin}/_ledger?kind=sent&after=${after}`);
    if (!reply.ok) throw new Error(`The twin ${twin} answered ${reply.status}.`);
    const page = await reply.json();
    entries.push(...page.entries.map(entry => ({twin, entry})));
    after = page.next_after;
  }
  return entries;
}

async function main() {
  const found = (await Promise.all(TWINS.map(read))).flat().sort((a, b) => b.entry.at - a.entry.at);
  const shown = found.slice(0, 200);
  const place = document.querySelector("main");
  for (const one of shown) place.append(show(one.twin, one.entry));
  const rest = found.length > shown.length ? `, the newest ${shown.length} shown` : "";
  document.querySelector("#count").textContent =
    `${count(found.length, "message")}${rest}. Nothing here left this machine.`;
  document.querySelector("#empty").hidden = found.length > 0;
  const kinds = [...new Set(shown.map(one => kindOf(one.twin, one.entry.body)))];
  const nav = document.querySelector("nav");
  for (const kind of kinds.length > 1 ? ["", ...kinds] : []) {
    const button = add(nav, "button", kind ? KINDS[kind] : "All");
    button.value = kind;
    button.onclick = () => filter(kind);
  }
  filter("");
}

main().catch(error => { document.querySelector("#count").textContent = error.message; });
</script></body></html>
"""
